package lang

import (
	"regexp"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
)

// Duration is a length of time with its unit: 250ms, 90s, 1.5h, 2d, 49d16h.
type Duration struct {
	time.Duration
	Pos diag.Position
}

// Time is an instant, RFC 3339.
type Time struct {
	time.Time
	Pos diag.Position
}

// Percent is a share with its sign: 2%. Fraction is 0 to 1.
type Percent struct {
	Fraction float64
	Pos      diag.Position
}

// BitRate is a rate with its unit: 64kbit, 1mbit (powers of 1000, as tc has them).
type BitRate struct {
	BitsPerSecond int64
	Pos           diag.Position
}

// Size is a number of bytes with its unit: 512B, 64KiB, 1MiB.
type Size struct {
	Bytes int64
	Pos   diag.Position
}

// Scalar is any scalar, as its text.
type Scalar struct {
	Text   string
	Pos    diag.Position
	quoted bool // a text, even where it looks like a number
}

// OneOrMany is a scalar, or a list of scalars.
type OneOrMany []Scalar

// Expr is the source of an expression; package expect compiles it.
type Expr struct {
	Source string
	Bound  Bound // names in it that stand for a device
	Pos    diag.Position
}

// Regexp is a compiled regular expression (RE2).
type Regexp struct {
	*regexp.Regexp
	Pos diag.Position
}

// JSON is a value as encoding/json would have it (map[string]any, []any, float64, string, bool, nil).
type JSON struct {
	Value any
	Pos   diag.Position
}

// Comparison is a literal number ("3" is "== 3") or an operator and a number: ">= 9", "< 5".
type Comparison struct {
	Op    string // ==, !=, <, <=, >, >=
	Value float64
	Pos   diag.Position
}

// Holds reports whether v compares as asked.
func (c Comparison) Holds(v float64) bool {
	switch c.Op {
	case "==":
		return v == c.Value
	case "!=":
		return v != c.Value
	case "<":
		return v < c.Value
	case "<=":
		return v <= c.Value
	case ">":
		return v > c.Value
	case ">=":
		return v >= c.Value
	}
	return false
}
