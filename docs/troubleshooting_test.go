package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMessagesOfTheTableExist looks in the sources for every message that troubleshooting.md explains: a row about
// a message that nobody prints any more helps nobody. What differs from case to case is a … in the table, and a verb in the source.
func TestMessagesOfTheTableExist(t *testing.T) {
	page, err := os.ReadFile("troubleshooting.md")
	require.NoError(t, err)
	source := sources(t)
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(rows), 10)
	for _, row := range rows {
		require.True(t, inSource(source, row[1]), "nothing prints %q", row[1])
	}
	require.False(t, inSource(source, "no such … as this is printed by twinrig"))
}

// inSource reports whether a line of the source has the message.
func inSource(source, message string) bool {
	pieces := strings.Split(message, "…")
	for i, piece := range pieces {
		pieces[i] = regexp.QuoteMeta(piece)
	}
	verb := `(?:%[+#0-9.]*[a-z]|" ?\+[^"\n]*\+ ?"|" ?\+[^"\n]*)`
	return regexp.MustCompile(strings.Join(pieces, verb)).MatchString(source)
}

// sources is all of the repository's Go, without tests.
func sources(t *testing.T) string {
	var all strings.Builder
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "docs" || d.Name() == "bin" || d.Name() == "tools" || d.Name() == ".git"):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		data, err := os.ReadFile(name)
		all.Write(data)
		return err
	})
	require.NoError(t, err)
	return all.String()
}
