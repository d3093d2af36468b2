package report

import (
	"fmt"
	"strings"

	"github.com/twinrig/twinrig/internal/visible"
)

// page is text for a terminal in the making. What is put into it by a format is made visible, so that no name, no
// message and nothing that a device says can move the cursor; only what Text painted is taken as it is.
type page struct{ strings.Builder }

// painted is text with the escape sequences of its colour. What was put between them is visible already.
type painted string

// printf is fmt.Fprintf with arguments in one line each.
func (p *page) printf(format string, args ...any) {
	fmt.Fprintf(p, format, shown(args)...)
}

// shown makes the arguments of a format visible.
func shown(args []any) []any {
	all := make([]any, len(args))
	for i, a := range args {
		switch x := a.(type) {
		case painted:
			all[i] = string(x)
		case string:
			all[i] = visible.Line(x)
		case fmt.Stringer:
			all[i] = visible.Line(x.String())
		case error:
			all[i] = visible.Line(x.Error())
		default:
			all[i] = a
		}
	}
	return all
}

// indented writes the lines of text, each behind the indent.
func (p *page) indented(indent, text string) {
	for line := range strings.Lines(text) {
		p.printf("%s%s\n", indent, strings.TrimRight(line, "\n"))
	}
}
