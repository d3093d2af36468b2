package deptest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/twinrig/twinrig/"

// rules is the import table of the architecture. A package matches the first row whose prefix it has;
// it may import, of this module, what begins with one of the row's entries.
var rules = []struct {
	pkg     string
	imports []string
	why     string
}{
	{"internal/broker", []string{"internal/"}, "the broker knows events and the loop, not who runs it"},
	{"internal/bench", []string{""}, "the benchmark drives everything"},
	{"internal/man", []string{"scenarios/cli"}, "describes the command"},
	{"internal/deptest", nil, "a test only"},
	{"internal/", []string{"internal/"}, "what everything stands on stands on nothing"},
	{"twin/mqtt", nil, "firmware uses the client on any net.Conn; it must not need a twin"},
	{"twin/battery", nil, "a step function: state and time in, charge out"},
	{"twin/flash", []string{"internal/"}, "a part of the device; the device wires it"},
	{"twin/sensor", nil, "parts are step functions; the device wires them"},
	{"twin/wasm", []string{"twin", "internal/"}, "firmware is a guest of the device"},
	{"twin", []string{"twin", "internal/"}, "a device does not know what carries its bytes or judges it"},
	{"hil", []string{"hil", "internal/"}, "a board does not know what judges it, and needs no twin"},
	{"netsim", []string{"netsim", "internal/"}, "a link does not know what is at its ends"},
	{"fixtures", []string{"twin", "fixtures", "internal/"}, "reference devices are written as a user's are"},
	{"scenarios/lang", []string{"internal/diag", "internal/trace", "internal/seed"}, "files, and nothing that runs"},
	{"scenarios/plan", []string{"scenarios/lang", "netsim", "twin/sensor", "internal/"}, "resolves names, down to the parts of a kind; downward only"},
	{"scenarios/expect", []string{"scenarios/lang", "scenarios/plan", "internal/"}, "reads the trace; acts on nothing"},
	{"scenarios/run", []string{"scenarios/lang", "scenarios/plan", "scenarios/expect", "twin", "netsim", "internal/"}, "wires twin, netsim and broker"},
	{"scenarios/report/html", []string{"scenarios/report", "scenarios/run", "scenarios/lang", "internal/"}, "draws what a run left"},
	{"scenarios/report", []string{"scenarios/run", "scenarios/lang", "scenarios/library", "internal/"}, "reads results; a cell of the matrix is in the words of the language, a file in those of the library"},
	{"scenarios/library", []string{"fixtures", "scenarios/lang", "internal/diag"}, "ready scenarios and the kinds they need"},
	{"scenarios/target", []string{"scenarios/lang", "scenarios/library"}, "finds files; reads no more of them than their first key"},
	{"scenarios/cli", []string{""}, "the command is above everything"},
	{"scenarios", []string{""}, "the face is above everything"},
	{"cmd/", []string{"scenarios/cli"}, "three lines over the command"},
	{"docs", []string{""}, "examples"},
	{"github.com/twinrig/twinrig", nil, "the module files, for what makes a project"},
}

func TestImportTable(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"...").Output()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.NotEmpty(t, lines)
	for _, line := range lines {
		words := strings.Fields(line)
		check(t, strings.TrimPrefix(words[0], module), words[1:])
	}
}

func check(t *testing.T, pkg string, imports []string) {
	t.Helper()
	for _, rule := range rules {
		if !strings.HasPrefix(pkg, rule.pkg) {
			continue
		}
		for _, imported := range imports {
			inside, ours := strings.CutPrefix(imported, module)
			if ours && !allowed(inside, rule.imports) {
				t.Errorf("%s imports %s, but may import only %v of this module: %s", pkg, inside, rule.imports, rule.why)
			}
		}
		return
	}
	t.Errorf("%s has no row in the import table: give it one, with a reason", pkg)
}

func allowed(inside string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(inside, p) {
			return true
		}
	}
	return false
}
