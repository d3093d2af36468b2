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
}

// reference is one value of a device that an expression reads.
type reference struct {
	key    string // in History.values
	device int    // index of the device
	text   string // as written: t1.HEATER
	uptime bool   // the built-in uptime, which changes by time alone
}

// maxExpression bounds the source of an expression, in bytes.
const maxExpression = 10_000

// compileExpr parses, resolves and type-checks an expression. On faults it adds them, at their place in the
// file, and returns nil. It takes Expr.Pos as the place of the first character of the source.
func (s *scope) compileExpr(e *lang.Expr, path string, faults *diag.List) *expression {
	if len(e.Source) > maxExpression {
		faults.Addf(e.Pos, path, "the expression is longer than %d bytes", maxExpression)
		return nil
	}
	config := s.config()
	tree, err := parser.ParseWithConfig(e.Source, config)
	if err != nil {
		s.addExprFault(e, path, err, faults)
		return nil
	}
	r := &resolver{scope: s, expr: e, path: path}
	r.resolve(&tree.Node)
	*faults = append(*faults, r.faults...)
	if len(r.faults) > 0 || r.kindless {
		return nil
	}
	result, err := checker.Check(tree, config)
	if err != nil {
		s.addExprFault(e, path, err, faults)
		return nil
	}
	if k := result.Kind(); k != reflect.Bool && k != reflect.Interface { // a JSON metric may be a truth value
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
	return &expression{source: e.Source, program: program, names: r.names}
}

// config describes the language of expressions: expr-lang's own, with the values of the devices, and
// without what tells the time or hides what an expression reads.
func (s *scope) config() *conf.Config {
	c := conf.New(s.types)
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
	for _, device := range s.deviceNames() {
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

// eval evaluates the expression on the present state. The error is an errNotSeen where it reads a
// value that does not exist yet, else an errNotEvaluable.
func (x *expression) eval(h *History, now time.Duration) (bool, error) {
	for i := range x.names {
		n := &x.names[i]
		if n.uptime {
			h.refreshUptime(h.devices[n.device], now)
		}
		if _, ok := h.values[n.key]; !ok {
			return false, errNotSeen{n.text}
		}
	}
	out, err := h.machine.Run(x.program, h.values)
	if err != nil {
		what := firstLine(err.Error())
		var fault *file.Error
		if errors.As(err, &fault) {
			what = fault.Message
		}
		return false, errNotEvaluable{fmt.Sprintf("%s: %s, with %s", x.source, what, x.values(h, now))}
	}
	truth, ok := out.(bool)
	if !ok {
		return false, errNotEvaluable{fmt.Sprintf("%s is %s, neither true nor false", x.source, formatValue(out))}
	}
	return truth, nil
}

// values renders what the expression reads now, for a message: "t1.HEATER = high, t1.temperature = 31.5".
func (x *expression) values(h *History, now time.Duration) string {
	parts := make([]string, 0, len(x.names))
	for i := range x.names {
		n := &x.names[i]
		if n.uptime {
			h.refreshUptime(h.devices[n.device], now)
		}
		if v, ok := h.values[n.key]; ok {
			parts = append(parts, fmt.Sprintf("%s = %s", n.text, formatValue(v)))
		} else {
			parts = append(parts, n.text+" not seen yet")
		}
	}
	return strings.Join(parts, ", ")
}
