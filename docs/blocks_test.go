// Package docs holds no code but the tests that hold the documentation to the truth: every command is run,
// every YAML example is checked, and the files of the guide are those in docs/example.
package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// block is a fenced block of a Markdown file.
type block struct {
	file  string   // of the documentation, relative to this folder
	line  int      // of its fence
	lang  string   // the first word behind the fence
	words []string // the others: file=NAME (it is docs/example/NAME), as=NAME, exit=N, output, live, fails
	text  string
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.file, b.line) }

// option returns VALUE of a word NAME=VALUE, or "".
func (b block) option(name string) string {
	for _, w := range b.words {
		if value, ok := strings.CutPrefix(w, name+"="); ok {
			return value
		}
	}
	return ""
}

// pages are the files that are held to the truth: the README and all of this folder.
func pages(t *testing.T) []string {
	files, err := filepath.Glob("*.md")
	require.NoError(t, err)
	return append([]string{filepath.Join("..", "README.md"), filepath.Join("..", "CONTRIBUTING.md")}, files...)
}

func blocks(t *testing.T, file string) []block {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var all []block
	open := false
	for i, line := range strings.Split(string(data), "\n") {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open:
			open = false
		case fence:
			words := append(strings.Fields(info), "")
			all = append(all, block{file: file, line: i + 1, lang: words[0], words: words[1:]})
			open = true
		case open:
			all[len(all)-1].text += line + "\n"
		}
	}
	require.False(t, open, "%s: a block is not closed", file)
	return all
}

func TestBlocksOfAPage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.md")
	require.NoError(t, os.WriteFile(file, []byte("a\n```yaml file=a.yaml\nx: 1\n\ny: 2\n```\nb\n```\nc\n```\n"), 0o600))
	got := blocks(t, file)
	require.Len(t, got, 2)
	require.Equal(t, []any{"yaml", "a.yaml", "x: 1\n\ny: 2\n", 2}, []any{got[0].lang, got[0].option("file"), got[0].text, got[0].line})
	require.Equal(t, []any{"", "", "c\n"}, []any{got[1].lang, got[1].option("file"), got[1].text})
}
