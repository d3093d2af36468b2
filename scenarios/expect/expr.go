package expect

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// machine evaluates expressions; it is used again and again to keep its stack.
type machine = vm.VM

// expression is a compiled expression.
type expression struct {
	source  string
	program *vm.Program
	names   []reference // what it reads, in the order of the source, each once
	// aggregates are the functions over fleets, each behind those that it reads itself.
	aggregates []*aggregate
}

// exprUse says what an expression is for.
type exprUse struct {
	rests bool // in an invariant: members of a fleet that are off are left out
	value bool // any value will do, not only true and false
}

// reference is one value of a device that an expression reads.
type reference struct {
	key    string // in History.env
	ref    valueRef
	kind   types.Type
	device int    // index of the device
	text   string // as written: t1.HEATER
	uptime bool   // the built-in uptime, which changes by time alone
}

// maxExpression bounds the source of an expression, in bytes.
const maxExpression = 10_000

// compileExpr parses, resolves and type-checks an expression. On faults it adds them, at their place in the
// file, and returns nil. It takes Expr.Pos as the place of the first character of the source.
func (s *scope) compileExpr(e *lang.Expr, path string, use exprUse, faults *diag.List) *expression {
	if len(e.Source) > maxExpression {
		faults.Addf(e.Pos, path, "the expression is longer than %d bytes", maxExpression)
		return nil
	}
	source, words := s.parseable(e.Source)
	tree, err := parser.ParseWithConfig(source, s.config(nil, nil, nil))
	if err != nil {
		s.addExprFault(e, path, err, faults)
		return nil
	}
	r := &resolver{scope: s, expr: e, path: path, source: file.NewSource(e.Source), words: words, rests: use.rests}
	r.resolve(&tree.Node)
	*faults = append(*faults, r.faults...)
	if len(r.faults) > 0 || r.kindless {
		return nil
	}
	tree.Source = r.source
	config := s.config(r.names, r.aggregates, nil)
	result, err := checker.Check(tree, config)
	if err != nil {
		s.addExprFault(e, path, err, faults)
		return nil
	}
	if wrong := wrongResult(result, true); wrong != "" && !use.value {
		faults.Addf(e.Pos, path, "the expression is %s, neither true nor false", typeWord(result))
		return nil
	}
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		s.addExprFault(e, path, err, faults)
		return nil
	}
	program, err := compiler.Compile(tree, config)
	if err != nil {
		s.addExprFault(e, path, err, faults)
		return nil
	}
	return &expression{source: e.Source, program: program, names: r.names, aggregates: r.aggregates}
}

// wrongResult says what is needed where a type is neither that nor known only when it comes.
func wrongResult(t reflect.Type, truth bool) string {
	switch k := t.Kind(); {
	case k == reflect.Interface: // a JSON metric may be anything
	case truth && k != reflect.Bool:
		return "a condition"
	case !truth && k != reflect.Int && k != reflect.Float64:
		return "a number"
	}
	return ""
}

// config describes the language of expressions: expr-lang's own, with the values that one reads, and
// without what tells the time or hides what an expression reads.
func (s *scope) config(names []reference, aggregates []*aggregate, member *aggregate) *conf.Config {
	env := types.Map{}
	for i := range names {
		env[names[i].key] = names[i].kind
	}
	for _, g := range aggregates {
		env[g.key] = g.resultType()
	}
	if member != nil {
		for i := range member.fields {
			env[member.fields[i].key] = member.fields[i].kind
		}
	}
	c := *s.language
	c.WithEnv(env)
	return &c
}

// expressionLanguage is the part of the configuration that is the same for every expression; its tables are shared.
func expressionLanguage() *conf.Config {
	c := conf.CreateNew()
	for _, name := range []string{"now", "date", "duration", "timezone", "get"} {
		c.Disabled[name] = true
		delete(c.Builtins, name)
	}
	return c
}

func (s *scope) addExprFault(e *lang.Expr, path string, err error, faults *diag.List) {
	var fault *file.Error
	if !errors.As(err, &fault) {
		faults.Add(e.Pos, path, firstLine(err.Error()), s.quotedDeviceHint(e))
		return
	}
	faults.Add(exprPosition(e, fault.From), path, fault.Message, s.quotedDeviceHint(e))
}

// typeWord names a type for somebody who writes scenarios.
func typeWord(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Float64, reflect.Int:
		return "a number"
	case reflect.String:
		return "text"
	case reflect.Slice, reflect.Array:
		return "a list"
	}
	return "a " + t.String()
}

// quotedDeviceHint helps where an expression names a device as if its name were an identifier: a-b.HEATER reads
// as a minus b.HEATER.
func (s *scope) quotedDeviceHint(e *lang.Expr) string {
	for _, device := range s.plan.Scenario.Devices.Names() {
		if !isIdentifier(device) && strings.Contains(e.Source, device+".") {
			return fmt.Sprintf("the device %s is written devices[%q] here", device, device)
		}
	}
	return ""
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// exprPosition is the place in the file of the character at an offset (in runes) in the source.
func exprPosition(e *lang.Expr, offset int) diag.Position {
	pos := e.Pos
	for _, r := range e.Source {
		if offset == 0 {
			break
		}
		offset--
		pos.Col++
		if r == '\n' {
			pos.Line, pos.Col = pos.Line+1, 1
		}
	}
	return pos
}

// errNotSeen means that an expression reads a value that does not exist yet.
type errNotSeen struct{ name string }

func (e errNotSeen) Error() string { return e.name + " was not seen yet" }

// errNotEvaluable means that the values an expression reads do not go together, as text and a number.
type errNotEvaluable struct{ what string }

func (e errNotEvaluable) Error() string { return "expect: " + e.what }

// ready makes sure that what an expression reads is there, and up to date. The error is an errNotSeen where a
// value does not exist yet.
func (h *History) ready(names []reference, aggregates []*aggregate, now time.Duration) error {
	for i := range names {
		n := &names[i]
		if n.uptime {
			h.refreshUptime(h.devices[n.device], now)
		}
		v, ok := h.value(n.ref)
		if !ok {
			return errNotSeen{n.text}
		}
		h.env[n.key] = v
	}
	for _, g := range aggregates {
		value, err := g.result(h, now)
		if err != nil {
			return err
		}
		h.env[g.key] = value
	}
	return nil
}

// value evaluates the expression on the present state. The error is an errNotSeen where it reads a
// value that does not exist yet, else an errNotEvaluable.
func (x *expression) value(h *History, now time.Duration) (any, error) {
	if err := h.ready(x.names, x.aggregates, now); err != nil {
		return nil, err
	}
	out, err := h.machine.Run(x.program, h.env)
	if err != nil {
		return nil, errNotEvaluable{fmt.Sprintf("%s: %s, with %s", x.source, faultText(err), x.values(h, now))}
	}
	return out, nil
}

// faultText is what a program that failed says.
func faultText(err error) string {
	var fault *file.Error
	if errors.As(err, &fault) {
		return fault.Message
	}
	return firstLine(err.Error())
}

// eval evaluates a condition, as value does.
func (x *expression) eval(h *History, now time.Duration) (bool, error) {
	out, err := x.value(h, now)
	if err != nil {
		return false, err
	}
	truth, ok := out.(bool)
	if !ok {
		return false, errNotEvaluable{fmt.Sprintf("%s is %s, neither true nor false", x.source, formatValue(out))}
	}
	return truth, nil
}

// values renders what the expression reads now, for a message: "t1.HEATER = high, t1.temperature = 31.5".
func (x *expression) values(h *History, now time.Duration) string {
	parts := make([]string, 0, len(x.names)+len(x.aggregates))
	for i := range x.names {
		n := &x.names[i]
		if n.uptime {
			h.refreshUptime(h.devices[n.device], now)
		}
		if v, ok := h.value(n.ref); ok {
			parts = append(parts, fmt.Sprintf("%s = %s", n.text, formatValue(v)))
		} else {
			parts = append(parts, n.text+" not seen yet")
		}
	}
	for _, g := range x.aggregates {
		parts = append(parts, g.describe(h, now))
	}
	return strings.Join(parts, ", ")
}
