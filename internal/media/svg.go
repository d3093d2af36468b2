package main

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// Sizes in pixels. A character of the fonts below is 0.6 of their size wide.
const (
	fontSize   = 13.0
	charWidth  = fontSize * 0.6
	lineHeight = 18.0
	margin     = 16.0
	bar        = 34.0 // the window's, with its buttons
)

// Times in seconds. The runs take a tenth of a second; lines come slowly enough to be followed.
const (
	perChar = 0.03
	perLine = 0.06
	enter   = 0.4 // from the end of typing to the first line
	rest    = 6.0 // to read a scene
)

// style holds for light and dark pages: the terminal brings its own background. Without animation, which a reader may
// have switched off, the first scene stands there as a whole.
const style = `
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:#d5dae1;white-space:pre}
.r{fill:#ff7b72}.g{fill:#56d364}.y{fill:#e3b341}.u{fill:#79c0ff}.m{fill:#d2a8ff}.c{fill:#76e3ea}.b{font-weight:700}.f{fill:#8b949e}
.later{opacity:0}
@media (prefers-reduced-motion:no-preference){`

// timed is something that is seen from one time to another, in seconds.
type timed struct{ from, to float64 }

// svg draws scenes one after the other, again and again.
func svg(scenes []scene) string {
	rows, total := 0, 0.0
	times := make([][]timed, len(scenes))
	for i, s := range scenes {
		rows = max(rows, len(s.lines)+1)
		times[i] = s.times(total)
		total = times[i][0].to
	}
	width, height := 2*margin+columns*charWidth, bar+margin+lineHeight*float64(rows)+margin/2
	var css, body strings.Builder
	for i, s := range scenes {
		body.WriteString(s.draw(i, times[i], total, &css))
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" role="img" aria-label=%q>`+"\n", width, height, label(scenes)) +
		"<style>" + style + css.String() + "}</style>\n" +
		fmt.Sprintf(`<rect x="0.5" y="0.5" width="%.0f" height="%.0f" rx="9" fill="#0d1117" stroke="#3d444d"/>`+"\n", width-1, height-1) +
		`<circle cx="20" cy="18" r="5.5" fill="#ff5f57"/><circle cx="39" cy="18" r="5.5" fill="#febc2e"/><circle cx="58" cy="18" r="5.5" fill="#28c840"/>` + "\n" +
		body.String() + "</svg>\n"
}

func label(scenes []scene) string {
	var commands []string
	for _, s := range scenes {
		commands = append(commands, s.command)
	}
	return "A terminal: " + strings.Join(commands, ", then ")
}

// times are those of the command and of each line, of a scene that begins at some time.
func (s scene) times(begin float64) []timed {
	typed := begin + 0.5 + perChar*float64(utf8.RuneCountInString(s.command))
	end := typed + enter + perLine*float64(len(s.lines)) + rest
	all := []timed{{begin, end}}
	for i := range s.lines {
		all = append(all, timed{typed + enter + perLine*float64(i), end})
	}
	return all
}

// draw returns the elements of the i-th scene, and adds their animation to css.
func (s scene) draw(i int, times []timed, total float64, css *strings.Builder) string {
	var b strings.Builder
	class := "s"
	if i > 0 {
		class = "s later"
	}
	for row, l := range append([]line{{{"$ ", "g"}, {s.command, "b"}}}, s.lines...) {
		if len(l) == 0 {
			continue
		}
		name := fmt.Sprintf("k%d-%d", i, row)
		from, to := 100*times[row].from/total, 100*times[row].to/total
		fmt.Fprintf(css, "@keyframes %s{0%%,%.3f%%{opacity:0}%.3f%%,%.3f%%{opacity:1}%.3f%%,100%%{opacity:0}}\n", name, from, from+0.001, to-0.002, to-0.001)
		fmt.Fprintf(css, "#%s{animation:%s %.2fs linear infinite}\n", name, name, total)
		y := bar + margin + lineHeight*float64(row)
		fmt.Fprintf(&b, `<text id="%s" class="%s" x="%.0f" y="%.0f" xml:space="preserve">`, name, class, margin, y)
		for _, sp := range l {
			if sp.class == "" {
				b.WriteString(html.EscapeString(sp.text))
			} else {
				fmt.Fprintf(&b, `<tspan class="%s">%s</tspan>`, sp.class, html.EscapeString(sp.text))
			}
		}
		b.WriteString("</text>\n")
	}
	b.WriteString(s.cover(i, times[0], total, css))
	return b.String()
}

// cover hides what is not typed yet of a command: it moves to the right, a character at a time.
func (s scene) cover(i int, t timed, total float64, css *strings.Builder) string {
	n := utf8.RuneCountInString(s.command)
	wide := charWidth * float64(n)
	begin, from, to := 100*t.from/total, 100*(t.from+0.5)/total, 100*(t.from+0.5+perChar*float64(n))/total
	fmt.Fprintf(css, "@keyframes c%d{0%%,%.3f%%{opacity:0;transform:none}%.3f%%,%.3f%%{opacity:1;transform:none;animation-timing-function:steps(%d)}"+
		"%.3f%%{opacity:1;transform:translateX(%.1fpx)}%.3f%%,100%%{opacity:0;transform:translateX(%.1fpx)}}\n",
		i, max(0, begin-0.001), begin, from, n, to, wide, to+0.001, wide)
	fmt.Fprintf(css, "#c%d{animation:c%d %.2fs linear infinite}\n", i, i, total)
	return fmt.Sprintf(`<rect id="c%d" class="later" x="%.1f" y="%.1f" width="%.1f" height="%.0f" fill="#0d1117"/>`+"\n",
		i, margin+2*charWidth, bar+margin-lineHeight+4, wide+charWidth, lineHeight)
}
