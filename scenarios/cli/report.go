package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/report/html"
	"github.com/twinrig/twinrig/scenarios/run"
)

func (s *state) reportCommand() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Write report.html of a run that was done",
		Long: `report writes report.html, one file that a browser shows without a network, from what a run left: its
folder, or its trace.jsonl. A run that failed has one already; twinrig run --report writes one of every run.`,
		Example: `  twinrig report .twinrig/runs/outage-1
  twinrig report results/trace.jsonl -o outage.html`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("name one run: its folder, or its trace.jsonl; see --help")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			in, err := html.FromDir(args[0])
			if err != nil {
				return err
			}
			in.ReadFile = library.ReadFile
			if out == "" {
				out = filepath.Join(folderOf(args[0]), html.FileName)
			}
			if err := html.WriteFile(out, in); err != nil {
				return reportError(err)
			}
			fmt.Fprintln(s.stdout, out)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "out", "o", "", "write to `FILE` (default report.html beside the trace)")
	return c
}

// folderOf returns the folder that a run's folder or trace names.
func folderOf(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path
	}
	return filepath.Dir(path)
}

// reportError tells what cannot be written, which is the machine's fault, from what cannot be read.
func reportError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return &exit{code: run.Infra.ExitCode(), err: err}
	}
	return err
}

// reportWhen says of which runs report.html is written.
type reportWhen string

const (
	reportAlways reportWhen = "always"
	reportFailed reportWhen = "failed" // of those that did not pass; of many runs, the first of each cause
	reportNever  reportWhen = "never"
)

// String implements pflag.Value.
func (w *reportWhen) String() string { return string(*w) }

// Type implements pflag.Value.
func (w *reportWhen) Type() string { return "WHEN" }

// Set implements pflag.Value.
func (w *reportWhen) Set(text string) error {
	if !slices.Contains([]reportWhen{reportAlways, reportFailed, reportNever}, reportWhen(text)) {
		return fmt.Errorf("want %s, %s or %s", reportAlways, reportFailed, reportNever)
	}
	*w = reportWhen(text)
	return nil
}

// maxReports is of how many failing runs a report is written, where there are many runs: one looks at a few.
const maxReports = 5

// report writes the report of a run as it ends, where it gets one, and returns its path. Where there are many
// runs, all of them together tell which of the failing ones do; see reportCauses.
func (c *console) report(dir string, v run.Verdict) (string, error) {
	failed := v != run.Pass && v != run.Skipped
	if c.flags.report == reportAlways || c.flags.report == reportFailed && failed && c.total == 1 {
		return writeReport(dir)
	}
	if err := os.Remove(filepath.Join(dir, html.FileName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err // that of an earlier run would tell of that one
	}
	return "", nil
}

// writeReport writes report.html into the folder of a run and returns its path; "" where the run left no trace.
func writeReport(dir string) (string, error) {
	in, err := html.FromDir(dir)
	if errors.Is(err, html.ErrNoRun) || errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	in.ReadFile = library.ReadFile
	name := filepath.Join(dir, html.FileName)
	return name, html.WriteFile(name, in)
}

// reportCauses writes the report of the smallest run that has it, for each of the first causes.
func (c *console) reportCauses(x *report.Campaign) {
	if c.flags.report == reportNever {
		return
	}
	written := 0
	for i := range x.Causes {
		cause := &x.Causes[i]
		if cause.Out == "" || c.flags.report == reportFailed && written == maxReports {
			continue
		}
		dir := cause.Out
		if cause.Cut != "" {
			if _, err := os.Stat(cutDir(dir, cause.Cut)); err == nil {
				dir = cutDir(dir, cause.Cut)
			}
		}
		name, err := writeReport(dir)
		if err != nil {
			c.unheard(fmt.Errorf("the report of %s cannot be written: %w", dir, err))
			return
		}
		if name != "" {
			cause.Report = name
			written++
		}
	}
}
