package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/twinrig/twinrig/scenarios/cli/starter"
	"github.com/twinrig/twinrig/scenarios/run"
)

func (s *state) initCommand() *cobra.Command {
	var p starter.Project
	c := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a project: a kind, firmware, scenarios and a test",
		Long: `init makes a project in DIR, or here: a kind of device, firmware for it in Go or in C, two scenarios, the
same in go test, and schemas for the editor. All of it passes as it is, so that you can change it piece by
piece into your own.

It overwrites no file: where one is in the way it says which, and writes nothing.`,
		Example: `  twinrig init tank
  twinrig init tank --firmware c
  twinrig init . --name tank`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return s.makeProject(dir, p)
		},
	}
	c.Flags().StringVar(&p.Firmware, "firmware", starter.Go, "`LANGUAGE` of the firmware: go, or c, which is compiled to WebAssembly")
	c.Flags().StringVar(&p.Name, "name", "", "`NAME` of the kind; without it the folder's")
	offer(c, "firmware", starter.Go, starter.C)
	return c
}

func (s *state) makeProject(dir string, p starter.Project) error {
	if p.Name == "" {
		whole, err := filepath.Abs(dir)
		if err != nil {
			return fmt.Errorf("the folder %s: %w", dir, err)
		}
		p.Name = filepath.Base(whole)
	}
	if err := p.Validate(); err != nil {
		return fmt.Errorf("%w; --name NAME gives another", err)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		p.Source = starter.SourceOf(info)
	}
	files, err := p.Files()
	if err != nil {
		return err
	}
	if err := starter.Write(dir, files); err != nil {
		var inTheWay *starter.InTheWayError
		if errors.As(err, &inTheWay) {
			return fmt.Errorf("%w; name a folder of its own, as in: twinrig init %s", err, filepath.Join(dir, "rig"))
		}
		return &exit{code: run.Infra.ExitCode(), err: fmt.Errorf("make the project in %s: %w; nothing is left of it", dir, err)}
	}
	s.tellNext(dir, p)
	return nil
}

// tellNext says what was made, and what to do with it.
func (s *state) tellNext(dir string, p starter.Project) {
	run := "twinrig run scenarios"
	if p.Firmware == starter.Go {
		run = "go run . run scenarios" // which has the firmware
	}
	what := dir
	if filepath.Clean(dir) == "." {
		what = "This folder"
	}
	fmt.Fprintf(s.stdout, "%s is a project now: a kind (%s.kind.yaml), its firmware, scenarios and a test. README.md tells more.\n\nNext:\n", what, p.Name)
	if filepath.Clean(dir) != "." {
		fmt.Fprintf(s.stdout, "  cd %s\n", shellQuote(dir))
	}
	fmt.Fprintf(s.stdout, "  %s\n  go test ./...\n", run)
	if p.Source.Version == "" {
		fmt.Fprintf(s.stdout, "\n%s\n", strings.ReplaceAll(p.Source.Describe(), "`", ""))
	}
	if work := workspaceAbove(dir); work != "" {
		fmt.Fprintf(s.stdout, "\nGo's workspace %s does not have it yet: go work use %s\n", work, shellQuote(dir))
	}
}

// workspaceAbove returns the go.work that would hold for a folder, or "".
func workspaceAbove(dir string) string {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for ; filepath.Dir(whole) != whole; whole = filepath.Dir(whole) {
		file := filepath.Join(whole, "go.work")
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			return file
		}
	}
	return ""
}
