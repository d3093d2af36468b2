package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/twinrig/twinrig/scenarios/cli/doctor"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

func (s *state) doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what works on this machine, and how to get the rest",
		Long: `doctor looks at this machine: which modes work, which compilers and programs are there, what the kernel
has, and how large a fleet may be. Each line says what a thing is needed for, and what to do where it is
missing. It changes nothing.

Only mode sim is needed to run scenarios: doctor exits with 0 where it works, and with 3 where it does not.`,
		Example: "  twinrig doctor\n  twinrig doctor --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			results := doctor.Examine(s.machine(cmd.Context()), doctor.Checks())
			if err := s.tellHealth(results, asJSON); err != nil {
				return &exit{code: run.Infra.ExitCode(), err: err}
			}
			if !doctor.Works(results) {
				return &exit{code: run.Infra.ExitCode()}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the results as JSON")
	return c
}

func (s *state) tellHealth(results []doctor.Result, asJSON bool) error {
	if asJSON {
		return report.JSON(s.stdout, struct {
			Version string          `json:"version"`
			System  string          `json:"system"`
			Checks  []doctor.Result `json:"checks"`
		}{version(), runtime.GOOS + "/" + runtime.GOARCH, results})
	}
	fmt.Fprintf(s.stdout, "twinrig %s on %s/%s\n\n", version(), runtime.GOOS, runtime.GOARCH)
	return doctor.Print(s.stdout, results, s.color)
}

func (s *state) machine(ctx context.Context) doctor.Machine {
	m := doctor.This()
	m.Sim = func() (string, error) { return s.tryOut(ctx) }
	m.Colors = s.color
	switch {
	case s.env("NO_COLOR") != "":
		m.WhyPlain = "NO_COLOR is set"
	case s.env("TERM") == "dumb":
		m.WhyPlain = "TERM is dumb"
	default:
		m.WhyPlain = "the output is no terminal"
	}
	return m
}

// tryOut runs a scenario of the library as run does, in a folder that it removes again.
func (s *state) tryOut(ctx context.Context) (string, error) {
	const name = library.Prefix + "thermostat-boot"
	dir, err := os.MkdirTemp("", "twinrig-doctor-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its temporary folder
	var o outcome
	begun := time.Now()
	p := &pool{state: s, workers: 1, progress: func(job, run.Progress) {}, done: func(_ int, _ job, done outcome) { o = done }}
	p.run(ctx, []job{{File: name + ".yaml", Name: name, Seed: 1, Mode: run.Sim, Dir: dir}})
	if o.Result.Verdict != run.Pass {
		return "", errors.New(strings.Join(append([]string{name, string(o.Result.Verdict)}, o.Result.Reason), ": "))
	}
	return fmt.Sprintf("%s passed in %s", name, time.Since(begun).Round(time.Millisecond)), nil
}
