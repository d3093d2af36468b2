package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"github.com/twinrig/twinrig/fixtures"
	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/twin"
	"golang.org/x/term"
)

// state is what the command has of the process it runs in.
type state struct {
	args     []string // without the program's name
	program  string   // as the user called it
	env      func(string) string
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	terminal bool       // stderr is one: show progress
	columns  func() int // of stderr, where it is a terminal
	color    bool       // stdout takes colour
	width    int        // columns of stdout; 0: it is no terminal
	firmware map[string]twin.Firmware
	own      bool // of firmware some is not this module's
}

// Main is the twinrig command: it reads the process's arguments and ends the process. firmware holds
// the caller's Go firmware by the name that kind files use (firmware: {v1: {go: NAME}}), beside the
// built-in `thermostat`.
func Main(firmware map[string]twin.Firmware) {
	all := fixtures.Firmware()
	maps.Copy(all, firmware)
	s := &state{
		args: os.Args[1:], program: os.Args[0], env: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		terminal: isatty.IsTerminal(os.Stderr.Fd()) && os.Getenv("TERM") != "dumb",
		color:    isatty.IsTerminal(os.Stdout.Fd()) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		columns:  func() int { return columnsOf(os.Stderr) },
		firmware: all, own: len(firmware) > 0,
	}
	if isatty.IsTerminal(os.Stdout.Fd()) {
		s.width = columnsOf(os.Stdout)
	}
	s.collectFor(0)
	if isWorker(s.env) {
		workerMain(s)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := s.execute(ctx)
	stop()
	os.Exit(code)
}

// Command returns the twinrig command with all below it, for what describes it: the man pages. It runs nothing.
func Command() *cobra.Command {
	s := &state{program: "twinrig", env: func(string) string { return "" }, stdout: io.Discard, stderr: io.Discard}
	return s.root()
}

// collectFor sets how often garbage is collected, unless the user does, by how many bytes a run needs. Most runs and
// files live in a few megabytes; collecting less often saves a fifth of their time. A fleet would take five times
// its memory so.
func (s *state) collectFor(need int64) {
	const small = 64 << 20
	switch {
	case s.env("GOGC") != "":
	case need < small:
		debug.SetGCPercent(400)
	default:
		debug.SetGCPercent(100)
	}
}

// exit is an error with the exit code that it asks for.
type exit struct {
	code int
	err  error // nil: everything was said
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

func (s *state) execute(ctx context.Context) int {
	root := s.root()
	root.SetArgs(s.args)
	root.SetIn(s.stdin)
	root.SetOut(s.stdout)
	root.SetErr(s.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var faults diag.List
	var asked *exit
	switch {
	case errors.As(err, &asked):
		if asked.err != nil {
			s.complain(asked.err)
		}
		return asked.code
	case errors.As(err, &faults):
		fmt.Fprintln(s.stderr, faults.Error())
		return run.Invalid.ExitCode()
	default:
		s.complain(err)
		return run.Invalid.ExitCode()
	}
}

// complain tells an error, of which each line is made visible: it may name anything.
func (s *state) complain(err error) { fmt.Fprintln(s.stderr, "twinrig: "+visible.Text(err.Error())) }

// columnsOf returns the width of a terminal; 80 where it does not say.
func columnsOf(f *os.File) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	return 80
}

func (s *state) root() *cobra.Command {
	root := &cobra.Command{
		Use:   filepath.Base(s.program),
		Short: "Run device scenarios against virtual devices, a real MQTT broker and a modelled network",
		Long: `twinrig runs scenario files: what happens to a device (power cuts, outages, a broker that restarts)
and what must hold. Devices are twins, which run firmware in virtual time: ten minutes take a tenth
of a second, and the same seed gives the same run, to the byte.`,
		Example: `  twinrig run library:thermostat-outage
  twinrig run outage.yaml --seed 7 --set outage=10m
  twinrig check *.yaml`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		s.initCommand(),
		s.runCommand(),
		s.huntCommand(),
		s.checkCommand(),
		s.reportCommand(),
		s.doctorCommand(),
		s.schemaCommand(),
		s.headerCommand(),
	)
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		parent(completion)
	}
	return root
}

// parent makes a command that only has others show its help, and refuse what is none of them: cobra does so for the
// root alone.
func parent(c *cobra.Command) *cobra.Command {
	c.Args = cobra.NoArgs
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return c
}

// version is the module's, as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps { // a program of a user's own
		if m.Path == modulePath {
			return m.Version
		}
	}
	return info.Main.Version
}

const modulePath = "github.com/twinrig/twinrig"

// someScenario wants at least one scenario to be named.
func someScenario(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("name a scenario: a FILE, a DIR or library:NAME; see --help")
	}
	return nil
}
