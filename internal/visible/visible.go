// Package visible writes text of unknown origin so that a terminal shows it and obeys none of it: what a device
// says on its console, a payload, a client id, a name in a file.
package visible

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns s in one line: every character that a terminal may obey, line ends and tabs too, is written as its
// escape in Go: \n, \x1b, \u202e. Bytes that are not UTF-8 are written as \x9b. All else stays as it is.
func Line(s string) string { return escaped(s, hidden) }

// Text is Line for text of several lines: line feeds and tabs stay.
func Text(s string) string { return escaped(s, hiddenInText) }

func hiddenInText(r rune) bool { return r != '\n' && r != '\t' && hidden(r) }

// hidden reports whether r is not shown as itself: a control character (C0, DEL, C1), what turns the direction of
// writing around, what ends a line, and what is no character at all, which XML cannot hold either.
func hidden(r rune) bool {
	switch {
	case r < 0x80:
		return r < ' ' || r == 0x7f
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
		return true
	}
	return r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef || r >= 0xe0000 && r <= 0xe007f // tags: text that nobody sees
}

func escaped(s string, hidden func(rune) bool) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case hidden(r):
			b.WriteString(escape(r))
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

func escape(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// JSON returns a JSON text in which no character stands that a terminal may obey. encoding/json leaves some of
// them as they are; they can only stand in strings, where an escape means the same.
func JSON(text []byte) []byte {
	s := string(text)
	if strings.IndexFunc(s, hiddenInText) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !hiddenInText(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default: // a pair of surrogates
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return []byte(b.String())
}

// Writer passes on to W what is written to it, as Text has it. A character may be split among two calls.
type Writer struct {
	W    io.Writer
	rest []byte // of a character whose end is still to come
}

// Write implements io.Writer. It keeps nothing back but the beginning of a character.
func (w *Writer) Write(p []byte) (int, error) {
	all := append(w.rest, p...) //nolint:gocritic // rest is replaced below
	end := len(all)
	for back := 1; back < utf8.UTFMax && back <= len(all); back++ {
		if c := all[len(all)-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(all[len(all)-back:]) {
				end = len(all) - back
			}
			break
		}
	}
	w.rest = append([]byte(nil), all[end:]...)
	if _, err := io.WriteString(w.W, Text(string(all[:end]))); err != nil {
		return 0, err
	}
	return len(p), nil
}
