package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/trace"
)

func subjects() []string {
	return []string{"mqtt", "pin", "console", "metric", "event", "expr", "measure", "all", "any"}
}

// subjects returns those of its keys that say what the expectation is about.
func (e *Expect) subjects(keys Keys) []string {
	found := keys.among(subjects()...)
	if e.AnyMember() {
		found = slices.DeleteFunc(found, func(key string) bool { return key == "any" })
	}
	return found
}

// AnyMember reports whether one member of a fleet is enough: any: true.
func (e *Expect) AnyMember() bool { return e.Any != nil && len(e.Any) == 0 }

// temporalKeys are the keys that an expectation of its own has, and neither a member of all and any
// nor an invariant.
func temporalKeys() []string {
	return []string{"within", "for", "during", "not", "count", "gapless", "ordered", "unique", "since", "grows"}
}

// goesWith tells for each key that narrows an expectation down which subjects it is for.
func goesWith(key string) []string {
	switch key {
	case "is":
		return []string{"pin", "metric"}
	case "grows":
		return []string{"metric"}
	case "matches":
		return []string{"mqtt", "console", "event"}
	case "json", "json_exact", "payload", "hex", "retained", "qos", "gapless", "ordered", "unique", "schema":
		return []string{"mqtt", "event"}
	case "of":
		return []string{"mqtt"}
	case "device", "cause", "name", "client", "topic", "dup", "value", "amount", "offset":
		return []string{"event"}
	case "blinks":
		return []string{"pin"}
	case "share":
		return []string{"mqtt", "pin", "console", "metric", "event"}
	case "count":
		return []string{"mqtt", "console", "event"}
	}
	return subjects()
}

// Subject returns what the expectation is about: mqtt, pin, console, metric, event, expr, all or any;
// "" where it is about nothing.
func (e *Expect) Subject() string {
	switch {
	case e.MQTT != "":
		return "mqtt"
	case e.Pin != "":
		return "pin"
	case e.Console != "":
		return "console"
	case e.Metric != "":
		return "metric"
	case e.Event != "":
		return "event"
	case e.Expr != nil:
		return "expr"
	case e.Measure != nil:
		return "measure"
	case e.All != nil:
		return "all"
	case len(e.Any) > 0:
		return "any"
	}
	return ""
}

// Members returns the members of all or any, or nil.
func (e *Expect) Members() []Expect {
	if e.All != nil {
		return e.All
	}
	return e.Any
}

// IsEvent reports whether the expectation reads events (mqtt, console, event, or a member that does)
// and so needs a window; a state (pin, metric, expr) can hold now.
func (e *Expect) IsEvent() bool {
	switch e.Subject() {
	case "mqtt", "console", "event", "measure":
		return true
	}
	return slices.ContainsFunc(e.Members(), func(m Expect) bool { return m.IsEvent() })
}

// check holds for every expectation: in a step, in all and any, and in an invariant.
func (e *Expect) check(d *decoder, at mapping) {
	found := e.subjects(at.keys)
	switch {
	case len(found) == 0 && at.clean:
		d.diags.Add(at.pos, at.path, "the expectation has no subject", "one of "+strings.Join(subjects(), ", "))
		return
	case len(found) > 1:
		d.diags.Add(at.pos, at.path, "an expectation has one subject, not "+strings.Join(found, " and "),
			"as in {all: [{"+found[0]+": …}, {"+found[1]+": …}], within: 5s}")
		return
	case len(found) == 0:
		return
	}
	subject := found[0]
	for _, key := range at.keys {
		allowed := goesWith(key.Name)
		if key.Name == "any" && e.AnyMember() {
			allowed = goesWith("share")
		}
		if !slices.Contains(allowed, subject) && key.Name != "grace" {
			at.add(d, key.Name, key.Name+" does not go with "+subject, "it is for "+strings.Join(allowed, ", "))
		}
	}
	if contents := at.keys.among("json", "json_exact", "payload", "hex"); len(contents) > 1 {
		at.add(d, contents[1], strings.Join(contents, " and ")+" exclude each other", "")
	}
	if e.AnyMember() && e.Share != nil {
		at.add(d, "share", "share and any exclude each other", "")
	}
	e.checkSubject(d, at, subject)
}

func (e *Expect) checkSubject(d *decoder, at mapping, subject string) {
	switch subject {
	case "mqtt":
		e.checkTopic(d, at)
	case "pin", "metric":
		if e.Is == nil && at.clean && e.Blinks == nil && e.Grows == nil {
			d.diags.Add(at.pos, at.path, `the key "is" is missing`, map[string]string{
				"pin": "is: high or is: low, or blinks", "metric": `as in is: 3 or is: ">= 9"`}[subject])
		}
		if subject == "pin" && e.Is != nil && e.Is.Text != "" && e.Is.Text != "high" && e.Is.Text != "low" {
			at.add(d, "is", fmt.Sprintf("a pin is high or low, not %q", shorten(e.Is.Text)), "")
		}
		if subject == "metric" && e.Is != nil && strings.IndexAny(e.Is.Text, "<>=!") == 0 {
			_, _, err := ParseMetric(e.Is.Text)
			at.addError(d, "is", err)
		}
	case "event":
		var kinds []string
		for _, k := range trace.Kinds() {
			kinds = append(kinds, string(k))
		}
		if !slices.Contains(kinds, e.Event) {
			hint := diag.DidYouMean(e.Event, kinds)
			if hint == "" {
				hint = "one of " + strings.Join(kinds, ", ")
			}
			at.add(d, "event", fmt.Sprintf("unknown event %q", shorten(e.Event)), hint)
		}
		e.checkEvent(d, at)
	case "all", "any":
		for i, member := range e.Members() {
			path := fmt.Sprintf("%s.%s[%d]", at.path, subject, i)
			member.reject(d, path, temporalKeys(), "belongs to the "+subject+", not to its members")
			member.reject(d, path, []string{"blinks", "measure"}, "stands alone, not in "+subject)
		}
	}
}

// checkTopic checks the filter of mqtt, in which {id} may stand for a name.
func (e *Expect) checkTopic(d *decoder, at mapping) {
	templated := strings.Contains(e.MQTT, ID)
	if templated && !at.keys.Has("of") && at.clean {
		at.add(d, "mqtt", "{id} needs of, which says whose name it stands for", "as in of: fleet")
	}
	at.addError(d, "mqtt", CheckFilter(Expand(e.MQTT, "id")))
}

// reject reports those of keys that the expectation has.
func (e *Expect) reject(d *decoder, path string, keys []string, why string) {
	for _, key := range e.Keys {
		if slices.Contains(keys, key.Name) {
			d.diags.Add(key.Pos, join(path, key.Name), key.Name+" "+why, "")
		}
	}
}

// checkWindow holds for the expectation of a step: its temporal part.
func (e *Expect) checkWindow(d *decoder, path string) {
	at := mapping{pos: e.Pos, path: path, keys: e.Keys}
	has := e.Keys.Has
	if len(e.subjects(e.Keys)) != 1 {
		return // reported; what follows would be guesses
	}
	e.checkAlone(d, at)
	if has("within") && has("during") {
		at.add(d, "during", "within and during exclude each other", "within passes at the first instant at which it holds; during judges the whole window")
		return
	}
	windowless := !has("during") && !has("within")
	for _, name := range []string{"during", "for"} {
		if length := map[string]*Duration{"during": e.During, "for": e.For}[name]; length != nil && length.Duration == 0 {
			d.positive(length.Pos, join(path, name), name)
		}
	}
	if has("not") && e.Not {
		if with := at.keys.among("count", "gapless", "ordered", "unique", "for"); len(with) > 0 {
			at.add(d, with[0], with[0]+" does not go with not", "")
			return
		}
	}
	switch {
	case has("for") && e.IsEvent():
		at.add(d, "for", "for is for states: pin, metric, expr", "an event has no length")
	case has("for") && has("during"), has("for") && windowless && !d.defaultWithin:
		at.add(d, "for", "for needs within", "as in {within: 5s, for: 10s}: it comes true within 5s, and stays so for 10s")
	}
	if has("since") && !e.IsEvent() {
		at.add(d, "since", "since is for events: mqtt, console, event", "a state has no past")
	}
	if s := e.Share; s != nil && (s.Op == "<" || s.Op == "<=" || s.Op == "==" && s.Fraction < 1) && e.IsEvent() && !has("during") {
		at.add(d, "share", fmt.Sprintf("share: \"%s %g%%\" needs during", s.Op, s.Fraction*100), "only a whole window can tell that no more members follow")
	}
	switch {
	case e.Not && !has("during"):
		at.add(d, "not", "not needs during", "only a whole window can tell that something never happens")
	case e.boundedAbove() && !has("during"):
		at.add(d, "count", fmt.Sprintf("count: %q needs during", e.Count.Op+" "+fmt.Sprint(e.Count.Value)), "only a whole window can tell that no more come; within is for >= and >")
	case e.IsEvent() && windowless && !d.defaultWithin:
		d.diags.Add(e.Pos, path, "an event needs a window", "within: 10s, during: 10s, or default_within for the whole file")
	}
	e.checkCount(d, at)
}

// boundedAbove reports whether one match more can make the count wrong.
func (e *Expect) boundedAbove() bool {
	return e.Count != nil && e.Count.Op != "" && e.Count.Op != ">=" && e.Count.Op != ">"
}

// checkCount reports counts that every number of events satisfies, or none.
func (e *Expect) checkCount(d *decoder, at mapping) {
	if e.Count == nil || e.Count.Op == "" {
		return
	}
	v := e.Count.Value
	switch op := e.Count.Op; {
	case v < 0 || v != float64(int64(v)):
		at.add(d, "count", fmt.Sprintf("%v is not a number of events", v), "a whole number, 0 or more")
	case op == ">=" && v == 0:
		at.add(d, "count", ">= 0 holds always", "")
	case op == "<" && v == 0:
		at.add(d, "count", "< 0 holds never", "== 0?")
	}
}

// check shadows Expect's: the window of an invariant is the whole run.
func (i *Invariant) check(d *decoder, at mapping) {
	i.Expect.check(d, at)
	i.reject(d, at.path, temporalKeys(), "does not go with an invariant, which counts from power-on to the end")
	i.reject(d, at.path, []string{"blinks", "measure"}, "does not go with an invariant, but with expect")
	always := strings.HasPrefix(at.path, "always")
	switch {
	case always && i.IsEvent() && i.Schema == "":
		d.diags.Add(at.pos, at.path, "always is for states: pin, metric, expr, and all and any of them; and for mqtt with schema", "an event is an instant; never can forbid it")
	case !always && i.Schema != "":
		at.add(d, "schema", "schema goes with always: whatever comes is valid", "")
	}
	if (i.Share != nil || i.AnyMember()) && i.IsEvent() {
		key := append(at.keys.among("share", "any"), "share")[0]
		at.add(d, key, key+" goes with states here: pin, metric", "an event of any member counts")
	}
	switch {
	case i.Grace != nil && strings.HasPrefix(at.path, "sometimes"):
		at.add(d, "grace", "grace does not go with sometimes", "one instant is enough")
	case i.Grace != nil && i.IsEvent():
		at.add(d, "grace", "grace is for states: pin, metric, expr", "an event has no length")
	}
}
