package lang

import (
	"fmt"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Measure measures the time from one kind of event to another, as a distribution. Each event of To ends the
// measurement that waits longest, or with By the one with the same value; over a fleet each member by itself.
type Measure struct {
	Pos  diag.Position `yaml:"-"`
	Keys Keys          `yaml:"-"`
	From *Expect       `yaml:"from" jsonschema:"required"` // the events that begin a measurement: mqtt, pin, console or event
	To   *Expect       `yaml:"to" jsonschema:"required"`   // the events that end one
	By   string        `yaml:"by"`                         // a JSON field, as in a.b, that is the same in both; default: in their order

	Min     *DurationLimit `yaml:"min"`     // the shortest
	Mean    *DurationLimit `yaml:"mean"`    // the arithmetic mean
	P50     *DurationLimit `yaml:"p50"`     // the median; percentiles are by nearest rank
	P90     *DurationLimit `yaml:"p90"`     // nine in ten take at most that long
	P95     *DurationLimit `yaml:"p95"`     // 95 in a hundred
	P99     *DurationLimit `yaml:"p99"`     // 99 in a hundred
	P999    *DurationLimit `yaml:"p999"`    // 999 in a thousand
	Max     *DurationLimit `yaml:"max"`     // the longest
	Count   *Comparison    `yaml:"count"`   // how many were measured; default: at least one
	Lost    *Lost          `yaml:"lost"`    // how many had no end, a number or a share of those begun; default: none
	Timeout *Duration      `yaml:"timeout"` // after the window, how long the ends of the last ones are waited for, and how long one may take; default: the window's end ends all
}

// MeasureStep is Measure as a step of its own: with its window.
type MeasureStep struct {
	Pos     diag.Position `yaml:"-"`
	Keys    Keys          `yaml:"-"`
	Measure `yaml:",inline"`
	Within  *Duration `yaml:"within"` // the limits hold at some instant of that time, and the step ends there
	During  *Duration `yaml:"during"` // judged over that whole time, at its end
	Since   string    `yaml:"since"`  // a step's name, or here
}

// DurationLimit compares a length of time: "<= 250ms".
type DurationLimit struct {
	Pos   diag.Position
	Op    string // <, <=, >, >=
	Limit time.Duration
}

// Holds reports whether d is within the limit.
func (l *DurationLimit) Holds(d time.Duration) bool {
	return Comparison{Op: l.Op, Value: float64(l.Limit)}.Holds(float64(d))
}

// Lost compares a number, "<= 3", or a share, "<= 1%".
type Lost struct {
	Pos   diag.Position
	Op    string
	Value float64 // a number; with Share 0 to 1
	Share bool
}

// Holds reports whether n of all is as asked.
func (l *Lost) Holds(n, all int) bool {
	v := float64(n)
	if l.Share {
		v /= float64(max(all, 1))
	}
	return Comparison{Op: l.Op, Value: l.Value}.Holds(v)
}

// Blinks asks whether a pin goes up and down in a regular way. The time from each rise to the next one is
// the period, give or take the tolerance.
type Blinks struct {
	Pos       diag.Position `yaml:"-"`
	Keys      Keys          `yaml:"-"`
	Period    *Duration     `yaml:"period" jsonschema:"required"` // from one rise to the next
	Tolerance *Percent      `yaml:"tolerance"`                    // of the period; default 5%
	Duty      *Percent      `yaml:"duty"`                         // the share of each period in which the pin is high, give or take the tolerance; default: any
}

// AnyOf is a list of expectations of which one holds; or true, which is an empty list that is not nil: that
// one member of the fleet satisfies the expectation is enough.
type AnyOf []Expect

// Share compares how large a part of a fleet satisfies an expectation: ">= 99%".
type Share struct {
	Pos      diag.Position
	Op       string
	Fraction float64 // 0 to 1
}

// operator cuts a comparison's operator off.
func operator(text string) (op, rest string) {
	for _, op := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if rest, ok := strings.CutPrefix(text, op); ok {
			return op, strings.TrimSpace(rest)
		}
	}
	return "", text
}

// ParseDurationLimit reads an order and a length of time: "<= 250ms".
func ParseDurationLimit(text string) (DurationLimit, error) {
	op, rest := operator(text)
	if op == "" || op == "==" || op == "!=" {
		return DurationLimit{}, &unitError{fmt.Sprintf("%q is not a limit", shorten(text)), `as in "<= 250ms"`}
	}
	d, err := ParseDuration(rest)
	return DurationLimit{Op: op, Limit: d}, err
}

// ParseLost reads a comparison with a number or a share: "<= 3", "<= 1%".
func ParseLost(text string) (Lost, error) {
	if op, rest := operator(text); strings.HasSuffix(rest, "%") {
		share, err := ParseShare(text)
		return Lost{Op: op, Value: share.Fraction, Share: true}, err
	}
	c, err := ParseComparison(text)
	return Lost{Op: c.Op, Value: c.Value}, err
}

// ParseShare reads a comparison with a percentage: ">= 99%".
func ParseShare(text string) (Share, error) {
	op, rest := operator(text)
	if op == "" || op == "!=" {
		return Share{}, &unitError{fmt.Sprintf("%q does not compare a share", shorten(text)), `as in ">= 99%"`}
	}
	fraction, err := ParsePercent(rest)
	return Share{Op: op, Fraction: fraction}, err
}

func (l *DurationLimit) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	*l = quantityOf(d, n, path, ParseDurationLimit)
	l.Pos = d.position(n)
}

func (l *Lost) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	*l = quantityOf(d, n, path, ParseLost)
	l.Pos = d.position(n)
}

func (s *Share) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	*s = quantityOf(d, n, path, ParseShare)
	s.Pos = d.position(n)
}

func (a *AnyOf) decode(d *decoder, n *yaml.Node, path string, f *field) {
	if n.Kind == yaml.ScalarNode {
		if t, ok := d.scalar(n, path); ok && (t.isText() || t.text != "true") {
			d.fault(n, path, "must be a list, or true for any member of a fleet, not "+t.name(), "")
		}
		*a = AnyOf{}
		return
	}
	var list []Expect
	d.value(n, valueOf(&list), path, f)
	if len(list) > 0 {
		*a = list
	}
}

func (*DurationLimit) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("DurationLimit", `^(<=|>=|<|>) *([0-9.]+(d|h|ms|m|s|us|µs|μs|ns))+$`, "<= 250ms")
}

func (*Lost) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.define("Lost", func() *jsonschema.Schema {
		text := &jsonschema.Schema{Type: "string", Pattern: `^(==|!=|<=|>=|<|>)? *` + decimal + `%?$`, Examples: []any{"<= 1%", "== 0"}}
		return g.orVariable(&jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "number"}, text}, Description: g.comments["Lost"]})
	})
}

func (*Share) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("Share", `^(==|<=|>=|<|>) *(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$`, ">= 99%")
}

func (*AnyOf) schema(g *generator, f *field) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{g.of(typeOf[[]Expect](), f), {Const: true}}}
}

func (*MeasureStep) extend(s *jsonschema.Schema) {
	s.AllOf = append(s.AllOf, notBoth("within", "during"))
}
