package docs

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/need"
)

const coldchain = "examples/coldchain"

// workflow is what the tests read of a workflow of GitHub Actions.
type workflow struct {
	On          map[string]any
	Permissions map[string]string
	Jobs        map[string]struct {
		RunsOn  string `yaml:"runs-on"`
		If      string
		Minutes int            `yaml:"timeout-minutes"`
		Strat   map[string]any `yaml:"strategy"`
		Steps   []struct {
			Uses, Run, If string
			With          map[string]string
		}
	}
}

// pipelineJob is what the tests read of a job of GitLab.
type pipelineJob struct {
	Stage     string
	Script    []string
	Rules     []map[string]string
	Parallel  map[string]any
	Artifacts struct {
		When    string
		Paths   []string
		Reports map[string]string
	}
}

func gitHub(t *testing.T) workflow {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(coldchain, ".github/workflows/twinrig.yml"))
	require.NoError(t, err)
	var w workflow
	d := yaml.NewDecoder(strings.NewReader(string(data)))
	require.NoError(t, d.Decode(&w))
	return w
}

func gitLab(t *testing.T) map[string]pipelineJob {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(coldchain, ".gitlab-ci.yml"))
	require.NoError(t, err)
	var all map[string]yaml.Node
	require.NoError(t, yaml.Unmarshal(data, &all))
	jobs := map[string]pipelineJob{}
	for name, node := range all {
		if name == "image" || name == "variables" || name == "cache" {
			continue
		}
		var j pipelineJob
		require.NoError(t, node.Decode(&j), name)
		jobs[name] = j
	}
	return jobs
}

// TestWorkflowsAreWellFormed reads both files as the services do.
func TestWorkflowsAreWellFormed(t *testing.T) {
	w := gitHub(t)
	require.Equal(t, map[string]string{"contents": "read"}, w.Permissions)
	require.Contains(t, w.On, "pull_request")
	require.NotEmpty(t, w.Jobs)
	for name, job := range w.Jobs {
		require.NotEmpty(t, job.RunsOn, name)
		require.Positive(t, job.Minutes, name)
		for _, step := range job.Steps {
			require.NotEqual(t, step.Uses == "", step.Run == "", "%s: a step uses an action or runs a command: %+v", name, step)
			if step.Uses != "" {
				require.Regexp(t, `^actions/[a-z-]+@v\d+$`, step.Uses)
			}
			for _, name := range regexp.MustCompile(`matrix\.(\w+)`).FindAllStringSubmatch(step.Run, -1) {
				require.Contains(t, job.Strat["matrix"], name[1])
			}
		}
	}
	for name, job := range gitLab(t) {
		require.NotEmpty(t, job.Script, name)
		require.Equal(t, "test", job.Stage, name)
		require.NotEmpty(t, job.Artifacts.Paths, name)
	}
}

// TestExampleFromACleanClone does what the workflows do with a pull request, in a clone of what is committed.
func TestExampleFromACleanClone(t *testing.T) {
	git := need.Program(t, "git")
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("this is no clone: there is no .git")
	}
	clone := filepath.Join(t.TempDir(), "clone")
	out, err := exec.CommandContext(t.Context(), git, "clone", "-q", "--depth", "1", "file://"+root, clone).CombinedOutput()
	require.NoError(t, err, "%s", out)
	dir := filepath.Join(clone, "docs", coldchain)
	sh := func(command string, env ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", command)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), append(env, "GOFLAGS=-mod=readonly", "GOWORK=off")...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", command, out)
		require.NotContains(t, string(out), "::error")
	}
	for _, step := range gitHub(t).Jobs["test"].Steps {
		if step.Run != "" {
			sh(step.Run, "GITHUB_ACTIONS=true", "GITHUB_WORKSPACE="+clone)
		}
	}
	for _, b := range blocks(t, "go-test.md") {
		if b.lang == "sh" {
			sh(b.text)
		}
	}
	jobs := gitLab(t)
	for _, name := range []string{"scenarios", "unit"} {
		for _, command := range jobs[name].Script {
			sh(command, "CI_PROJECT_DIR="+dir)
		}
		for kind, report := range jobs[name].Artifacts.Reports {
			data, err := os.ReadFile(filepath.Join(dir, report))
			require.NoError(t, err)
			switch kind {
			case "codequality":
				require.NoError(t, json.Unmarshal(data, new([]any)))
			case "junit":
				var suites struct {
					XMLName xml.Name `xml:"testsuites"`
					Suites  []any    `xml:"testsuite"`
				}
				require.NoError(t, xml.Unmarshal(data, &suites))
				require.NotEmpty(t, suites.Suites)
			}
		}
	}
	out, err = exec.CommandContext(t.Context(), git, "-C", clone, "status", "--porcelain").CombinedOutput()
	require.NoError(t, err)
	require.Empty(t, string(out), "what CI leaves is ignored, and go.mod is as it must be")
}
