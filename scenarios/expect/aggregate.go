package expect

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// aggregate is a function over a fleet in an expression: all(fleet, .heap < 48*KiB). The expression reads its
// result as a value called key. What stands for the member is evaluated for each member by itself, and anew
// only for members of which something changed.
type aggregate struct {
	function string
	text     string // as written
	key      string // in History.values
	over     *overFleet
	program  *vm.Program
	fields   []memberField
	names    []reference  // what it reads beside the member
	inner    []*aggregate // the same of aggregates
	rank     float64      // of percentile
}

// memberField is a value of the member that an aggregate reads: .heap.
type memberField struct {
	name   string
	key    string // in History.env
	slot   int32  // of each member
	kind   types.Type
	uptime bool
}

// aggregateFunctions are what goes with a fleet, beside len.
func aggregateFunctions() []string {
	return []string{"all", "any", "none", "count", "sum", "mean", "min", "max", "percentile"}
}

// truth reports whether what stands for the member is a condition.
func (g *aggregate) truth() bool {
	return slices.Contains([]string{"all", "any", "none", "count"}, g.function)
}

func (g *aggregate) resultType() types.Type {
	switch g.function {
	case "all", "any", "none":
		return types.Bool
	case "count":
		return types.Int
	}
	return types.Float64
}

// member evaluates it for one member.
func (g *aggregate) member(h *History, m int, now time.Duration) (any, error) {
	d := h.devices[g.over.first+m]
	for i := range g.fields {
		f := &g.fields[i]
		if f.uptime {
			h.refreshUptime(d, now)
		}
		v := d.values[f.slot]
		if v == nil {
			return nil, errNotSeen{d.name + "." + f.name}
		}
		h.env[f.key] = v
	}
	if err := h.ready(g.names, g.inner, now); err != nil {
		return nil, err
	}
	out, err := h.machine.Run(g.program, h.env)
	if err != nil {
		return nil, errNotEvaluable{fmt.Sprintf("%s of %s: %s", g.text, d.name, faultText(err))}
	}
	if _, isBool := out.(bool); isBool != g.truth() {
		return nil, errNotEvaluable{fmt.Sprintf("%s: of %s it is %s", g.text, d.name, formatValue(out))}
	}
	if _, isText := out.(string); isText && !g.truth() {
		return nil, errNotEvaluable{fmt.Sprintf("%s: of %s it is %s, not a number", g.text, d.name, formatValue(out))}
	}
	return out, nil
}

// result is the aggregate's value now. all and none need every member's value, unless one decides; the
// others take the members whose values were seen.
func (g *aggregate) result(h *History, now time.Duration) (any, error) {
	if err := h.ready(g.names, g.inner, now); err != nil { // so that the members read what is now
		return nil, err
	}
	t := h.track(g.over, now)
	yes, no, unseen := t.counts[memberYes], t.counts[memberNo], t.counts[memberUnseen]
	switch {
	case t.err != nil:
		return nil, t.err
	case t.awake() == 0:
		return nil, errNotSeen{g.over.name + ": no member has power, or its values"}
	case g.function == "all" && no == 0 && unseen > 0, g.function == "none" && yes == 0 && unseen > 0, g.function == "any" && yes == 0 && no == 0:
		return nil, errNotSeen{g.text + " of " + t.members(h, memberUnseen)}
	case g.function == "all":
		return no == 0, nil
	case g.function == "none":
		return yes == 0, nil
	case g.function == "any":
		return yes > 0, nil
	case g.function == "count":
		return yes, nil
	case yes == 0:
		return nil, errNotSeen{g.text + " of any member"}
	}
	return g.statistic(t), nil
}

// statistic is the sum, mean… of the numbers.
func (g *aggregate) statistic(t *tracked) float64 {
	n := t.counts[memberYes]
	switch g.function {
	case "sum":
		return t.sum()
	case "mean":
		return t.sum() / float64(n)
	case "min":
		return t.ranked().at(0)
	case "max":
		return t.ranked().at(n - 1)
	}
	return t.ranked().at(rankOf(n, g.rank/100))
}

// rankOf is the place, from 0, of the smallest of n sorted values such that at least the share q of them is not above it.
func rankOf(n int, q float64) int {
	rank := int(math.Ceil(q*float64(n) - 1e-9))
	return min(max(rank, 1), n) - 1
}

// describe renders the result for a message, with the members that decide it.
func (g *aggregate) describe(h *History, now time.Duration) string {
	value, err := g.result(h, now)
	if err != nil {
		return g.text + " is not known yet"
	}
	t := h.track(g.over, now)
	text := fmt.Sprintf("%s = %s", g.text, formatValue(value))
	classes := []memberClass{memberYes}
	if g.function == "all" {
		classes = []memberClass{memberNo}
	}
	if n := t.counts[classes[0]]; g.truth() && n > 0 {
		text += fmt.Sprintf(", by %d of %d: %s", n, t.awake(), g.examples(h, t, classes[0]))
	}
	return text
}

// examples names the first members of a class with what of them is read.
func (g *aggregate) examples(h *History, t *tracked, class memberClass) string {
	return firstOf(t.counts[class], func(yield func(string) bool) {
		for m, c := range t.class {
			if c != class {
				continue
			}
			var parts []string
			for i := range g.fields {
				if v := h.devices[g.over.first+m].values[g.fields[i].slot]; v != nil {
					parts = append(parts, g.fields[i].name+" "+formatValue(v))
				}
			}
			name := h.devices[g.over.first+m].name
			if len(parts) > 0 {
				name += " (" + strings.Join(parts, ", ") + ")"
			}
			if !yield(name) {
				return
			}
		}
	})
}

// addValues notes all values that it reads.
func (g *aggregate) addValues(set *valueSet) {
	for i := range g.fields {
		set.addMembers(g.over, g.fields[i].slot)
	}
	for i := range g.names {
		set.add(g.names[i].ref)
	}
	for _, inner := range g.inner {
		inner.addValues(set)
	}
}
