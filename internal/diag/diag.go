// Package diag holds positioned diagnostics: what is wrong in a file, where, and what would be right.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/twinrig/twinrig/internal/visible"
)

// Position is a place in a file. Line and Col count from 1; Line 0 means the file as a whole.
type Position struct {
	File string
	Line int
	Col  int
}

// String returns file:line:col.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Diagnostic is one fault.
type Diagnostic struct {
	Position
	Path    string // where in the tree, as in steps[3].expect.within; may be empty
	Message string // what is wrong
	Hint    string // what would be right; may be empty
}

// Error returns file:line:col: path: message; hint, in one line that a terminal shows as it is: names and
// values of a file may have anything in them.
func (d Diagnostic) Error() string {
	var b strings.Builder
	b.WriteString(d.Position.String())
	b.WriteString(": ")
	if d.Path != "" {
		b.WriteString(d.Path + ": ")
	}
	b.WriteString(d.Message)
	if d.Hint != "" {
		b.WriteString("; " + d.Hint)
	}
	return visible.Line(b.String())
}

// List is every fault found. A nil or empty List is no error; use Err.
type List []Diagnostic

// Add appends a fault.
func (l *List) Add(p Position, path, message, hint string) {
	*l = append(*l, Diagnostic{Position: p, Path: path, Message: message, Hint: hint})
}

// Addf appends a fault without a hint.
func (l *List) Addf(p Position, path, format string, args ...any) {
	l.Add(p, path, fmt.Sprintf(format, args...), "")
}

// Sort orders by file, line, column and path, and drops exact repeats.
func (l *List) Sort() {
	slices.SortStableFunc(*l, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	*l = slices.Compact(*l)
}

// Err sorts the list and returns it as an error, or nil where it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	l.Sort()
	return l
}

// Error returns one line a fault.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// DidYouMean returns a hint naming the candidate closest to word, or, where none is close,
// the candidates themselves ("one of a, b, c"), or "" without candidates.
func DidYouMean(word string, candidates []string) string {
	if len(candidates) == 0 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(candidates))
	best, distance := "", len(word)
	for _, c := range sorted {
		d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(c))
		if d < distance {
			best, distance = c, d
		}
	}
	if best != "" && distance <= max(1, (len(word)+2)/3) {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if len(sorted) > 12 {
		return ""
	}
	return "one of " + strings.Join(sorted, ", ")
}
