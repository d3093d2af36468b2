package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	lines := parse("\x1b[32mok\x1b[0m plain\r\n\r\n\x1b[1;31mFAIL\x1b[22m x\x1b[0m\r\n")
	require.Equal(t, []line{{{"ok", "g"}, {" plain", ""}}, nil, {{"FAIL", "r b"}, {" x", "r"}}}, lines)
}

func TestParseBreaksLongLines(t *testing.T) {
	lines := parse(strings.Repeat("é", columns) + "\x1b[2m" + strings.Repeat("b", columns+1))
	require.Equal(t, []line{{{strings.Repeat("é", columns), ""}}, {{strings.Repeat("b", columns), "f"}}, {{"b", "f"}}}, lines)
}

// TestInTerminal has a command tell whether it writes to a terminal, and of which size.
func TestInTerminal(t *testing.T) {
	shown, err := inTerminal(exec.Command("sh", "-c", "test -t 1 && ! test -t 2 && stty size <&1; exit 1"))
	require.NoError(t, err)
	require.Equal(t, "50 114", strings.TrimSpace(shown))
}

func TestSVG(t *testing.T) {
	drawing := svg([]scene{{"twinrig run a", []line{{{"<b> & c", "r"}}, nil}}, {"twinrig run b", []line{{{"PASS", "g"}}}}})
	require.Contains(t, drawing, `<tspan class="r">&lt;b&gt; &amp; c</tspan>`)
	wellFormed(t, strings.NewReader(drawing))
	first := scene{"twinrig run a", make([]line, 3)}.times(10)
	require.Equal(t, 10.0, first[0].from)
	for i, line := range first[1:] {
		require.Greater(t, line.from, first[i].from, "lines come one after the other")
		require.Equal(t, first[0].to, line.to, "and go together")
	}
}

func wellFormed(t *testing.T, r io.Reader) {
	for d := xml.NewDecoder(r); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

// TestPictures holds what stands in the README to its size, and the recording to what it shall show.
func TestPictures(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "media")
	recording, err := os.ReadFile(filepath.Join(dir, "run.svg"))
	require.NoError(t, err)
	require.Less(t, len(recording), 100<<10)
	wellFormed(t, strings.NewReader(string(recording)))
	for _, args := range recordings() {
		require.Contains(t, string(recording), "twinrig "+strings.Join(args, " ")+"</tspan>", "make media")
	}
	for _, shown := range []string{">FAIL", "to repeat: twinrig run", ">PASS"} {
		require.Contains(t, string(recording), shown)
	}
	report, err := os.Stat(filepath.Join(dir, "report.png"))
	require.NoError(t, err)
	require.Less(t, report.Size(), int64(200<<10))
}
