package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
)

const libraryHead = `# The library

Ready scenarios for devices that measure, switch and report over MQTT, each for something that went wrong in the field. They run on the reference
devices in [fixtures](../fixtures); copy one, and name your own kind in it. The file of each is the place to look for how it is done.

` + "```sh" + `
twinrig run library:thermostat-outage
twinrig run library:thermostat-outage --set outage=10m
` + "```" + `

` + "`twinrig run library:`" + ` runs them all. Which of them finds which bug is in the [kill matrix](kill-matrix.md).

`

// libraryPage lists every scenario with what its file says of it.
func libraryPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString(libraryHead)
	b.WriteString("| scenario | shows | tags |\n|---|---|---|\n")
	for _, name := range library.Names() {
		files, err := library.Resolve(library.Prefix + name)
		require.NoError(t, err)
		data, err := library.ReadFile(files[0])
		require.NoError(t, err)
		s, faults := lang.ParseScenario(files[0], data, lang.Options{})
		require.Empty(t, faults.Error())
		require.NotEmpty(t, s.About, "%s tells nothing of itself", name)
		require.NotEmpty(t, s.Tags, "%s has no tags", name)
		title := strings.ToUpper(s.Scenario[:1]) + s.Scenario[1:]
		about := strings.Join(strings.Fields(s.About), " ")
		fmt.Fprintf(&b, "| [`%s`](../scenarios/library/%s.yaml) | **%s.** %s | %s |\n", name, name, title, strings.ReplaceAll(about, "|", `\|`), strings.Join(s.Tags, ", "))
	}
	return b.String()
}

// TestGoldenLibrary holds library.md to the scenarios.
func TestGoldenLibrary(t *testing.T) {
	want := libraryPage(t)
	if *golden {
		require.NoError(t, os.WriteFile("library.md", []byte(want), 0o600))
	}
	got, err := os.ReadFile("library.md")
	require.NoError(t, err)
	require.Equal(t, want, string(got), "make golden rewrites library.md")
}
