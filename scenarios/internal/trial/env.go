package trial

import (
	"flag"
	"os"
	"testing"
)

// Artifacts is t's folder for what runs leave, or "" where -artifacts is not given.
func Artifacts(t *testing.T) string {
	if f := flag.Lookup("test.artifacts"); f == nil || f.Value.String() != "true" {
		return ""
	}
	return t.ArtifactDir()
}

// OnGitHub reports whether a runner of GitHub Actions reads what the test prints.
func OnGitHub() bool { return os.Getenv("GITHUB_ACTIONS") == "true" }
