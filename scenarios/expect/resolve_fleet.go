package expect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
)

// stand-ins: functions over a fleet that expr-lang does not parse with `.field` in them, and the one of its own
// with the same arguments in whose place they are parsed. None is longer, so that places in the source stay.
func standIn(function string) string {
	switch function {
	case "mean":
		return "find"
	case "min", "max":
		return "map"
	case "percentile":
		return "sortBy"
	}
	return ""
}

// parseable replaces functions over fleets by what expr-lang parses, in the same place; words has by the offset
// (in runes) what was there.
func (s *scope) parseable(source string) (text string, words map[int]string) {
	if len(s.fleets) == 0 {
		return source, nil
	}
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		return source, nil
	}
	runes := []rune(source)
	words = map[int]string{}
	for i, t := range tokens {
		by := standIn(t.Value)
		if t.Kind != lexer.Identifier || by == "" || i+2 >= len(tokens) || !tokens[i+1].Is(lexer.Bracket, "(") || !s.beginsWithFleet(tokens[i+2:]) {
			continue
		}
		words[t.From] = t.Value
		copy(runes[t.From:t.To], []rune(by+strings.Repeat(" ", t.To-t.From-len(by))))
	}
	return string(runes), words
}

// beginsWithFleet reports whether tokens begin with a fleet and a comma: fleet, or devices["fleet"].
func (s *scope) beginsWithFleet(tokens []lexer.Token) bool {
	name, rest := tokens[0].Value, tokens[1:]
	if tokens[0].Is(lexer.Identifier, devicesName) && len(tokens) > 3 {
		name, rest = tokens[2].Value, tokens[4:]
	}
	_, ok := s.fleets[name]
	return ok && len(rest) > 0 && rest[0].Is(lexer.Operator, ",")
}

// fleetOf returns the index of the fleet that a node names.
func (r *resolver) fleetOf(n ast.Node) (int, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		index, ok := r.scope.fleets[n.Value]
		return index, ok && !r.local(n.Value)
	case *ast.MemberNode:
		base, isName := n.Node.(*ast.IdentifierNode)
		name, isText := n.Property.(*ast.StringNode)
		if isName && isText && base.Value == devicesName && !r.local(base.Value) {
			index, ok := r.scope.fleets[name.Value]
			return index, ok
		}
	}
	return 0, false
}

// memberOf returns the index of the device that fleet[3] names, or -1 after a fault.
func (r *resolver) memberOf(n *ast.MemberNode) (device int, ok bool) {
	fleet, ok := r.fleetOf(n.Node)
	number, isNumber := n.Property.(*ast.IntegerNode)
	if !ok || !isNumber {
		return 0, false
	}
	f := &r.scope.plan.Fleets[fleet]
	if number.Value < 1 || number.Value > len(f.Members) {
		r.fault(n.Property, fmt.Sprintf("the fleet %s has no member %d", f.Name, number.Value), fmt.Sprintf("from 1 to %d", len(f.Members)))
		return -1, true
	}
	return f.First + number.Value - 1, true
}

// overFleet resolves a function over a fleet, and puts its result in the place of the node. It returns false for
// any other function.
func (r *resolver) overFleet(node *ast.Node, n *ast.BuiltinNode) bool {
	if len(n.Arguments) == 0 {
		return false
	}
	index, ok := r.fleetOf(n.Arguments[0])
	if !ok {
		return false
	}
	f := &r.scope.plan.Fleets[index]
	if r.scope.plan.Devices[f.First].Kind == nil {
		r.kindless = true
		return true
	}
	function := n.Name
	if word, ok := r.words[n.Location().From]; ok {
		function = word
	}
	if function == "len" || function == "count" && len(n.Arguments) == 1 {
		ast.Patch(node, &ast.IntegerNode{Value: len(f.Members)})
		return true
	}
	if !slices.Contains(aggregateFunctions(), function) || len(n.Arguments) < 2 {
		r.fault(n, fmt.Sprintf("%s does not go with a fleet alone", function), "as in all(fleet, .heap > 1000); there are "+strings.Join(aggregateFunctions(), ", ")+" and len")
		return true
	}
	g := &aggregate{function: function, text: r.textOf(n, function), over: newOverFleet(r.scope.plan, index, r.rests)}
	if function == "percentile" && !r.rankOf(n, g) {
		return true
	}
	predicate, ok := n.Arguments[1].(*ast.PredicateNode)
	if ok && r.compileMember(predicate, g) {
		g.key = r.scope.aggregateKey()
		r.aggregates = append(r.aggregates, g)
		ast.Patch(node, &ast.IdentifierNode{Value: g.key})
	}
	return true
}

func (r *resolver) textOf(n *ast.BuiltinNode, function string) string {
	text := n.String()
	return function + strings.TrimPrefix(text, n.Name)
}

// rankOf reads which percentile is asked for.
func (r *resolver) rankOf(n *ast.BuiltinNode, g *aggregate) bool {
	if len(n.Arguments) == 3 {
		switch rank := n.Arguments[2].(type) {
		case *ast.IntegerNode:
			g.rank = float64(rank.Value)
		case *ast.FloatNode:
			g.rank = rank.Value
		}
	}
	if g.rank <= 0 || g.rank > 100 {
		r.fault(n, "percentile needs a number above 0, up to 100, at its end", "as in percentile(fleet, .heap, 99)")
		return false
	}
	return true
}

// compileMember compiles what stands for the member.
func (r *resolver) compileMember(predicate *ast.PredicateNode, g *aggregate) bool {
	inner := &resolver{scope: r.scope, expr: r.expr, path: r.path, words: r.words, source: r.source, rests: r.rests, of: g}
	inner.resolve(&predicate.Node)
	r.faults = append(r.faults, inner.faults...)
	r.kindless = r.kindless || inner.kindless
	if len(inner.faults) > 0 || inner.kindless {
		return false
	}
	g.names, g.inner = inner.names, inner.aggregates
	if len(g.fields) == 0 {
		r.fault(predicate, fmt.Sprintf("%s reads nothing of the members", g.function), "a member's value begins with a dot: all(fleet, .heap > 1000)")
		return false
	}
	tree, config := &parser.Tree{Node: predicate.Node, Source: r.source}, r.scope.config(g.names, g.inner, g)
	result, err := checker.Check(tree, config)
	if err == nil {
		err = optimizer.Optimize(&tree.Node, config)
	}
	if err == nil {
		g.program, err = compiler.Compile(tree, config)
	}
	if err != nil {
		r.scope.addExprFault(r.expr, r.path, err, &r.faults)
		return false
	}
	if wrong := wrongResult(result, g.truth()); wrong != "" {
		r.fault(predicate, fmt.Sprintf("of a member %s needs %s", g.function, wrong), "")
		return false
	}
	g.over.value = g.member
	for i := range g.names {
		g.over.outer = union(g.over.outer, []int{g.names[i].device})
		g.over.uptime = g.over.uptime || g.names[i].uptime
	}
	for i := range g.fields {
		g.over.uptime = g.over.uptime || g.fields[i].uptime
	}
	for _, x := range g.inner {
		g.over.inner = union(g.over.inner, x.over.inner, []int{x.over.fleet})
		g.over.outer = union(g.over.outer, x.over.outer)
		g.over.uptime = g.over.uptime || x.over.uptime
	}
	return true
}

// field resolves .heap: a value of the member.
func (r *resolver) field(node *ast.Node, n *ast.MemberNode) {
	name, ok := n.Property.(*ast.StringNode)
	f := &r.scope.plan.Fleets[r.of.over.fleet]
	if !ok {
		r.fault(n.Property, "what is read of a member must be named, as in .powered", "")
		return
	}
	ref, fault := r.scope.member(f.First, name.Value)
	if fault != nil {
		r.fault(n.Property, strings.Replace(fault.what, r.scope.plan.Devices[f.First].Name, f.Name, 1), fault.hint)
		return
	}
	key := ref.key[:1] + ":." + f.Name + "." + name.Value
	if !slices.ContainsFunc(r.of.fields, func(x memberField) bool { return x.key == key }) {
		r.of.fields = append(r.of.fields, memberField{name: name.Value, key: key, slot: ref.ref.slot, kind: ref.kind, uptime: ref.uptime})
	}
	ast.Patch(node, &ast.IdentifierNode{Value: key})
}

// fleetAlone reports a fleet where a value is needed.
func (r *resolver) fleetAlone(n ast.Node, fleet int) {
	f := &r.scope.plan.Fleets[fleet]
	value := ".powered"
	if metrics := r.scope.plan.Devices[f.First].Kind; metrics != nil && len(metrics.Metrics) > 0 {
		value = "." + metrics.Metrics[0].Name
	}
	name := f.Name
	if !isIdentifier(name) {
		name = devicesName + "[" + strconv.Quote(name) + "]"
	}
	r.fault(n, fmt.Sprintf("%s is a fleet, not a value", f.Name), fmt.Sprintf("as in all(%s, %s == 1) or %s[1]%s", name, value, name, value))
}

// aggregateKey returns a new key.
func (s *scope) aggregateKey() string {
	return "a:" + strconv.FormatInt(s.aggregates.Add(1), 10)
}
