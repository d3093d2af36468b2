package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Where --annotate shows what is wrong at the lines of the files.
const (
	annotateAuto   = "auto" // github where a runner of GitHub Actions is, else none
	annotateGitHub = "github"
	annotateGitLab = "gitlab"
	annotateNone   = "none"
)

// codeQualityFile is where GitLab's examples have it.
const codeQualityFile = "gl-code-quality-report.json"

func (s *state) annotateFlag(c *cobra.Command, where *string) {
	c.Flags().StringVar(where, "annotate", annotateAuto, "show what is wrong at the lines of the files: `WHERE` is github (workflow commands), gitlab ("+codeQualityFile+"), none, or auto: github in GitHub Actions")
}

func checkAnnotate(where string) error {
	switch where {
	case annotateAuto, annotateGitHub, annotateGitLab, annotateNone:
		return nil
	}
	return fmt.Errorf("--annotate %s: want auto, github, gitlab or none", where)
}

// onGitHub reports whether a runner of GitHub Actions reads what the command prints.
func (s *state) onGitHub() bool { return s.env("GITHUB_ACTIONS") == "true" }

// forCI returns the state of a command that prints what devices say: to no runner is that a command.
func (s *state) forCI() *state {
	if !s.onGitHub() {
		return s
	}
	guarded := *s
	guarded.stdout, guarded.stderr = report.Guard(s.stdout), report.Guard(s.stderr)
	return &guarded
}

// annotate shows annotations where they are wanted. Workflow commands go to standard error: a runner reads both, and
// standard output may be JSON.
func (s *state) annotate(where string, a *report.Annotations) error {
	switch {
	case where == annotateGitHub, where == annotateAuto && s.onGitHub():
		return a.GitHub(s.stderr, s.env("GITHUB_WORKSPACE"))
	case where == annotateGitLab:
		f, err := os.Create(codeQualityFile)
		if err != nil {
			return err
		}
		return errors.Join(a.GitLab(f, s.env("CI_PROJECT_DIR")), f.Close())
	}
	return nil
}

// annotateFaults shows what is wrong in files, if that is what err is about, and returns err.
func (s *state) annotateFaults(where string, err error) error {
	var faults diag.List
	if !errors.As(err, &faults) {
		return err
	}
	var a report.Annotations
	a.Faults(faults)
	return errors.Join(err, s.annotate(where, &a))
}

// annotations are those of all runs, in the order of the jobs, and of what the runs of a scenario lack together.
func (c *console) annotations(jobs []job) *report.Annotations {
	var a report.Annotations
	var scenario []run.Result // the results of a scenario so far
	for i, j := range jobs {
		r, ok := c.results[i]
		if ok {
			a.Result(r)
			scenario = append(scenario, r)
		}
		if last := i == len(jobs)-1 || jobs[i+1].group != j.group; !last {
			continue
		}
		for _, f := range run.NeverSeen(scenario) {
			a.Failure(j.Name, f)
		}
		scenario = nil
	}
	return &a
}
