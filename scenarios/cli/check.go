package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/twin/wasm"
)

func (s *state) checkCommand() *cobra.Command {
	var set []string
	var asJSON bool
	var mode, where string
	c := &cobra.Command{
		Use:   "check FILE|DIR|library:NAME...",
		Short: "Find every fault in scenario files; start nothing",
		Long: `check reads scenario files with the kinds and includes they name, and prints every fault as
file:line:col: path: what is wrong; what would be right. It exits with 2 where there is any.`,
		Example: `  twinrig check outage.yaml
  twinrig check scenarios/ --set outage=10m`,
		Args:              someScenario,
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkAnnotate(where); err != nil {
				return err
			}
			overrides, err := parseSet(set)
			if err != nil {
				return err
			}
			var faults diag.List
			targets, err := loading(cmd.Context(), func() ([]string, error) {
				targets, err := expandTargets(args)
				for _, t := range targets {
					_, found := s.loadCells(job{File: t, Seed: 1, Mode: mode, Set: overrides})
					faults = append(faults, found...)
				}
				return targets, err
			})
			if err != nil {
				return err
			}
			faults.Sort()
			var a report.Annotations
			a.Faults(faults)
			if err := s.annotate(where, &a); err != nil {
				return err
			}
			if asJSON {
				if err := report.JSON(s.stdout, diagnosticsJSON(faults)); err != nil {
					return err
				}
			} else if len(faults) > 0 {
				fmt.Fprintln(s.stderr, faults.Error())
			} else {
				fmt.Fprintf(s.stdout, "%s: no faults\n", plural(len(targets), "file"))
			}
			if len(faults) > 0 {
				return &exit{code: 2}
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "set a param of the scenario: `NAME=VALUE` (repeatable)")
	c.Flags().StringVar(&mode, "mode", "sim", "check for `MODE`: sim or live")
	s.annotateFlag(c, &where)
	c.Flags().BoolVar(&asJSON, "json", false, "print the faults as JSON")
	completeScenarioFlags(c)
	return c
}

type jsonDiagnostic struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func diagnosticsJSON(l diag.List) []jsonDiagnostic {
	out := make([]jsonDiagnostic, len(l))
	for i, d := range l {
		out[i] = jsonDiagnostic{d.File, d.Line, d.Col, d.Path, d.Message, d.Hint}
	}
	return out
}

func (s *state) schemaCommand() *cobra.Command {
	schemas := []string{"scenario", "kind", "steps"}
	return &cobra.Command{
		Use:   "schema scenario|kind|steps",
		Short: "Print the JSON Schema of a file type, for editors",
		Long: `schema prints the JSON Schema of scenario files, kind files, or the files of steps that a scenario
includes. Point your editor's YAML plug-in at it to complete and check as you type.`,
		Example: `  twinrig schema scenario > scenario.schema.json
  # then, at the top of a scenario file:
  # yaml-language-server: $schema=scenario.schema.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(schemas, args[0]) {
				return fmt.Errorf("%s: name one of %s", strings.Join(append([]string{"schema"}, args...), " "), strings.Join(schemas, ", "))
			}
			return nil
		},
		ValidArgs: schemas,
		RunE: func(cmd *cobra.Command, args []string) error {
			schema, err := lang.Schema(args[0])
			if err != nil {
				return err
			}
			_, err = s.stdout.Write(append(schema, '\n'))
			return err
		},
	}
}

func (s *state) headerCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "header",
		Short:   "Print twinrig.h, the C header for firmware that is compiled to WebAssembly",
		Long:    "header prints twinrig.h: what such firmware supplies, and what it may call. The command that compiles it is at its top.",
		Example: "  twinrig header > twinrig.h",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := s.stdout.Write(wasm.Header)
			return err
		},
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
