// Package need is for tests that need a program which is not part of Go: where it is missing they are skipped
// with the reason, and fail where TWINRIG_NO_SKIP is set, as in CI.
package need

import (
	"os"
	"os/exec"
	"testing"
)

// Program returns the path of a program, or ends the test.
func Program(t testing.TB, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} { // which is not in every user's PATH
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	if os.Getenv("TWINRIG_NO_SKIP") != "" {
		t.Fatalf("the program %s is missing, and TWINRIG_NO_SKIP forbids to skip: make deps-debian", name)
	}
	t.Skipf("the program %s is missing: make deps-debian", name)
	return ""
}
