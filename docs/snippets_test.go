package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// preamble imports what the Go blocks of the pages use, so that they need not.
const preamble = `package snippet

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/twinrig/twinrig/docs/example/meter"
	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/scenarios/specs"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/flash"
	"github.com/twinrig/twinrig/twin/mqtt"
	"github.com/twinrig/twinrig/twin/twintest"
)

var (
	_ = []any{errors.Is, fmt.Sprint, testing.Short, time.Now, gpio.High, twin.New, flash.NewStore, mqtt.New, twintest.Run}
	_ = []any{meter.Firmware, scenarios.Run, specs.Scenarios, ginkgo.RunSpecs, gomega.RegisterFailHandler}
)

`

// TestGoBlocksCompile compiles the Go blocks of each page, all of a page in one package. Those with file=
// are compiled where they stand.
func TestGoBlocksCompile(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	overlay := map[string]map[string]string{"Replace": {}}
	dir := t.TempDir()
	n := 0
	for i, page := range pages(t) {
		source := preamble
		for _, b := range blocks(t, page) {
			if b.lang != "go" || b.option("file") != "" {
				continue
			}
			n++
			source += fmt.Sprintf("//line %s:%d\n%s\n", filepath.Base(page), b.line+1, b.text)
		}
		file := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
		overlay["Replace"][filepath.Join(root, "docs", "snippets", fmt.Sprint("page", i), "page.go")] = file
	}
	require.Positive(t, n)
	data, err := json.Marshal(overlay)
	require.NoError(t, err)
	list := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(list, data, 0o600))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", list, "./docs/snippets/...")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", strings.TrimSpace(string(out)))
}
