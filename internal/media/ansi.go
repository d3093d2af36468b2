package main

import (
	"strings"
	"unicode/utf8"
)

// span is text of one look.
type span struct {
	text  string
	class string // of the SVG's style: "", or words such as "g b"
}

// line is a line of the terminal.
type line []span

// parse reads what a terminal was sent: text, ends of lines, and colours (SGR, ECMA-48 8.3.117). Longer lines are
// broken as a terminal does.
func parse(sent string) []line {
	var lines []line
	var now look
	for _, text := range strings.Split(strings.TrimRight(strings.ReplaceAll(sent, "\r", ""), "\n"), "\n") {
		var l line
		room := columns
		for text != "" {
			plain, rest, escape := strings.Cut(text, "\x1b[")
			for utf8.RuneCountInString(plain) > room {
				head := string([]rune(plain)[:room])
				if head != "" {
					l = append(l, span{head, now.class()})
				}
				lines = append(lines, l)
				l, room, plain = nil, columns, strings.TrimPrefix(plain, head)
			}
			if plain != "" {
				l = append(l, span{plain, now.class()})
				room -= utf8.RuneCountInString(plain)
			}
			text = ""
			if codes, after, ok := strings.Cut(rest, "m"); escape && ok {
				now.set(codes)
				text = after
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// look is how text looks.
type look struct {
	color       string // the class of a colour, or ""
	bold, faint bool
}

func (k *look) set(codes string) {
	for _, code := range strings.Split(codes, ";") {
		switch code {
		case "", "0":
			*k = look{}
		case "1":
			k.bold = true
		case "2":
			k.faint = true
		case "22":
			k.bold, k.faint = false, false
		case "39":
			k.color = ""
		default:
			k.color = map[string]string{"31": "r", "32": "g", "33": "y", "34": "u", "35": "m", "36": "c", "90": "f", "91": "r", "92": "g", "93": "y", "96": "c"}[code]
		}
	}
}

func (k look) class() string {
	var words []string
	if k.color != "" {
		words = append(words, k.color)
	}
	if k.bold {
		words = append(words, "b")
	}
	if k.faint {
		words = append(words, "f")
	}
	return strings.Join(words, " ")
}
