package visible_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/twinrig/twinrig/internal/visible"
)

func TestWhatATerminalWouldObeyIsEscaped(t *testing.T) {
	for in, want := range map[string]string{
		"23.5 °C, 温度, 👩‍🔧":         "23.5 °C, 温度, 👩‍🔧",
		"\x1b[2J\x07\x7f\b":        `\x1b[2J\x07\x7f\x08`,
		"a\r\nb\tc":                `a\r\nb\tc`,
		"\u009b31m\u0085":          `\x9b31m\x85`,
		"8 bit: \x9b31m":           `8 bit: \x9b31m`,
		"cart \u202egnp.exe\u2069": `cart \u202egnp.exe\u2069`,
		"\u200f\u061c\u2028\ufffe": `\u200f\u061c\u2028\ufffe`,
		"\U000e0041\U0001ffff":     `\U000e0041\U0001ffff`,
		"\ufffd":                   "\ufffd",
	} {
		require.Equal(t, want, visible.Line(in))
	}
	require.Equal(t, "a\n\tb\\x0d\\x1b", strings.ReplaceAll(visible.Text("a\n\tb\r\x1b"), `\r`, `\x0d`))
}

// obeyed returns the characters of s that must not reach a terminal, said another way than in the package.
func obeyed(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == utf8.RuneError {
			return r
		}
		return -1
	}, s)
}

func TestNothingIsObeyed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := strings.ReplaceAll(string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))+rapid.String().Draw(t, "text"), "\ufffd", "")
		require.Empty(t, obeyed(visible.Text(in)))
		require.NotContains(t, visible.Line(in), "\n")
		require.Equal(t, visible.Line(in), visible.Line(visible.Line(in)), "what is visible stays")
	})
}

func TestJSONMeansTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.String().Draw(t, "text") + rapid.SampledFrom([]string{"", "\u202e", "\u009b", "\U000e0041", "\x7f"}).Draw(t, "more")
		text, err := json.Marshal(in)
		require.NoError(t, err)
		shown := visible.JSON(text)
		require.Empty(t, strings.ReplaceAll(obeyed(string(shown)), "\ufffd", ""))
		var back string
		require.NoError(t, json.Unmarshal(shown, &back))
		require.Equal(t, in, back)
	})
}

func TestAWriterSeesCharactersThatAreSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := []byte(rapid.String().Draw(t, "text") + "\u202e°")
		at := rapid.IntRange(0, len(in)).Draw(t, "split")
		var out bytes.Buffer
		w := visible.Writer{W: &out}
		for _, part := range [][]byte{in[:at], in[at:]} {
			n, err := w.Write(part)
			require.NoError(t, err)
			require.Equal(t, len(part), n)
		}
		require.Equal(t, visible.Text(string(in)), out.String())
	})
}
