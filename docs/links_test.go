package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// linkingPages are the pages whose links are followed: all that is held to the truth, and what is about decisions,
// changes and the example.
func linkingPages(t *testing.T) []string {
	adr, err := filepath.Glob(filepath.Join("adr", "*.md"))
	require.NoError(t, err)
	return append(append(pages(t), adr...), filepath.Join("..", "CHANGELOG.md"), filepath.Join("examples", "coldchain", "README.md"))
}

// TestEveryLinkLeadsSomewhere follows the links to files of the repository, and to their headings.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	for _, page := range linkingPages(t) {
		data, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, part := range strings.Split(string(data), "](")[1:] {
			target, _, _ := strings.Cut(part, ")")
			if strings.Contains(target, "://") {
				continue
			}
			name, heading, _ := strings.Cut(target, "#")
			file := page
			if name != "" {
				file = filepath.Join(filepath.Dir(page), name)
			}
			_, err := os.Stat(file)
			require.NoError(t, err, "%s links to %s", page, target)
			if heading != "" {
				require.Contains(t, anchors(t, file), heading, "%s links to %s", page, target)
			}
		}
	}
}

// TestEveryPageIsLinked looks for each page of this folder in the README, which is where readers begin, or in the page
// of the library, which the kill matrix belongs to.
func TestEveryPageIsLinked(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	require.NoError(t, err)
	files, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, file := range files {
		if file == "kill-matrix.md" {
			require.Contains(t, libraryHead, "]("+file+")")
			continue
		}
		require.Contains(t, string(readme), "](docs/"+file+")")
	}
}

// anchors are the headings of a page as links name them: in small letters, without punctuation, with hyphens for spaces.
func anchors(t *testing.T, file string) []string {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	text := regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(string(data), "")
	punctuation := regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^#+ +(.+)$`).FindAllStringSubmatch(text, -1) {
		all = append(all, strings.ReplaceAll(punctuation.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

func TestAnchors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.md")
	require.NoError(t, os.WriteFile(file, []byte("# Pins: `pins.vcd`\n```sh\n# not this\n```\n## What not to do\n"), 0o600))
	require.Equal(t, []string{"pins-pinsvcd", "what-not-to-do"}, anchors(t, file))
}
