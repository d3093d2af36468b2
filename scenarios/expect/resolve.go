package expect

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// resolver replaces the names of an expression: t1.HEATER by a key of History.values, KiB by 1024.
type resolver struct {
	scope  *scope
	expr   *lang.Expr
	path   string
	locals []string // names that `let` declares
	names  []reference
	faults diag.List
	source file.Source
	words  map[int]string // functions over fleets, by their offset, that were parsed as others
	rests  bool           // of fleets: members that are off are left out
	// aggregates are the functions over fleets so far, each behind those that it reads itself.
	aggregates []*aggregate
	of         *aggregate // what stands for a member of this one's fleet is resolved; nil: the expression itself
	plain      int        // how many predicates over something else lie around
	// kindless: it names a device whose kind could not be read, which is reported already.
	kindless bool
}

func (r *resolver) fault(n ast.Node, message, hint string) {
	r.faults.Add(exprPosition(r.expr, n.Location().From), r.path, message, hint)
}

// resolve walks the tree from the top, as a member's device must not be taken for a name of its own.
func (r *resolver) resolve(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		r.member(node, n)
	case *ast.IdentifierNode:
		r.identifier(node, n)
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			r.fault(n, fmt.Sprintf("there is no function %s", callee.Value), diag.DidYouMean(callee.Value, r.scope.functions()))
			return
		}
		r.children(node)
	case *ast.VariableDeclaratorNode:
		r.resolve(&n.Value)
		r.locals = append(r.locals, n.Name)
		r.resolve(&n.Expr)
		r.locals = r.locals[:len(r.locals)-1]
	case *ast.BinaryNode:
		r.levels(n)
		r.children(node)
	case *ast.BuiltinNode:
		if !r.overFleet(node, n) {
			r.children(node)
		}
	case *ast.PointerNode:
		if r.of != nil && r.plain == 0 {
			r.fault(n, "a member of a fleet is a device, not a value", "name a pin, a sensor, a metric or a label of it, as in .powered")
		}
	default:
		r.children(node)
	}
}

// children resolves below a node whose own kind needs no care.
func (r *resolver) children(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.UnaryNode:
		r.resolve(&n.Node)
	case *ast.BinaryNode:
		r.resolve(&n.Left)
		r.resolve(&n.Right)
	case *ast.ChainNode:
		r.resolve(&n.Node)
	case *ast.MemberNode:
		r.resolve(&n.Node)
		r.resolve(&n.Property)
	case *ast.SliceNode:
		r.resolve(&n.Node)
		r.optional(&n.From)
		r.optional(&n.To)
	case *ast.CallNode:
		r.resolve(&n.Callee)
		r.all(n.Arguments)
	case *ast.BuiltinNode:
		r.all(n.Arguments)
	case *ast.PredicateNode:
		r.plain++
		r.resolve(&n.Node)
		r.plain--
	case *ast.SequenceNode:
		r.all(n.Nodes)
	case *ast.ConditionalNode:
		r.resolve(&n.Cond)
		r.resolve(&n.Exp1)
		r.resolve(&n.Exp2)
	case *ast.ArrayNode:
		r.all(n.Nodes)
	case *ast.MapNode:
		r.all(n.Pairs)
	case *ast.PairNode:
		r.resolve(&n.Key)
		r.resolve(&n.Value)
	}
}

func (r *resolver) all(nodes []ast.Node) {
	for i := range nodes {
		r.resolve(&nodes[i])
	}
}

func (r *resolver) optional(node *ast.Node) {
	if *node != nil {
		r.resolve(node)
	}
}

// member resolves t1.HEATER and devices["t-1"].HEATER.
func (r *resolver) member(node *ast.Node, n *ast.MemberNode) {
	if _, ok := n.Node.(*ast.PointerNode); ok && r.of != nil && r.plain == 0 {
		r.field(node, n)
		return
	}
	device, ok := r.deviceOf(n.Node)
	if fleet, isFleet := r.fleetOf(n.Node); !ok && isFleet {
		r.fleetAlone(n, fleet)
		return
	}
	if !ok {
		r.children(node)
		return
	}
	if device < 0 {
		return
	}
	if r.scope.plan.Devices[device].Kind == nil {
		r.kindless = true
		return
	}
	name, ok := n.Property.(*ast.StringNode)
	if !ok {
		r.fault(n.Property, fmt.Sprintf("what is read of %s must be named, as in %s.powered", n.Node, n.Node), "")
		return
	}
	ref, err := r.scope.member(device, name.Value)
	if err != nil {
		r.fault(n.Property, err.what, err.hint)
		return
	}
	ref.text = n.String()
	r.read(ref)
	ast.Patch(node, &ast.IdentifierNode{Value: ref.key})
}

// deviceOf returns the index of the device that a node names, or -1 after a fault; ok is false where
// the node names no device at all.
func (r *resolver) deviceOf(n ast.Node) (index int, ok bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if r.local(n.Value) {
			return 0, false
		}
		index, ok = r.device(n.Value)
		return index, ok
	case *ast.MemberNode:
		if index, ok = r.memberOf(n); ok {
			return index, ok
		}
		if _, isFleet := r.fleetOf(n); isFleet {
			return 0, false
		}
		base, isName := n.Node.(*ast.IdentifierNode)
		if !isName || base.Value != devicesName || r.local(base.Value) {
			return 0, false
		}
		name, isText := n.Property.(*ast.StringNode)
		if !isText {
			r.fault(n.Property, `devices[…] needs the name of a device in quotes`, "")
			return -1, true
		}
		index, ok = r.scope.device(name.Value)
		if !ok {
			r.fault(n.Property, fmt.Sprintf("there is no device %q", name.Value), diag.DidYouMean(name.Value, r.scope.plan.Scenario.Devices.Names()))
			return -1, true
		}
		return index, true
	}
	return 0, false
}

// device returns the index of the device that a name stands for: its own, or the one that each gives it.
func (r *resolver) device(name string) (int, bool) {
	if device, ok := r.expr.Bound[name]; ok {
		name = device
	}
	i, ok := r.scope.index[name]
	return i, ok
}

func (r *resolver) local(name string) bool {
	return slices.Contains(r.locals, name)
}

func (r *resolver) read(ref reference) {
	for i := range r.names {
		if r.names[i].key == ref.key {
			return
		}
	}
	r.names = append(r.names, ref)
}

func (r *resolver) identifier(node *ast.Node, n *ast.IdentifierNode) {
	if r.local(n.Value) {
		return
	}
	if i, ok := r.device(n.Value); ok {
		example := n.Value + ".powered"
		if kind := r.scope.plan.Devices[i].Kind; kind != nil && len(kind.Pins) > 0 {
			example = n.Value + "." + kind.Pins[0].Name
		}
		r.fault(n, fmt.Sprintf("%s is a device, not a value", n.Value), "name a pin, a sensor or a metric of it, as in "+example)
		return
	}
	if fleet, ok := r.scope.fleets[n.Value]; ok {
		r.fleetAlone(n, fleet)
		return
	}
	if constant, ok := constantNode(n.Value); ok {
		ast.Patch(node, constant)
		return
	}
	hint := r.scope.quotedDeviceHint(r.expr)
	if hint == "" && n.Value != "$env" {
		hint = diag.DidYouMean(n.Value, union(r.scope.plan.Scenario.Devices.Names(), constantNames()))
	}
	r.fault(n, fmt.Sprintf("there is no %s", n.Value), hint)
}

// levels refuses to compare a pin with text that is no level, which could never be equal.
func (r *resolver) levels(n *ast.BinaryNode) {
	for _, sides := range [][2]ast.Node{{n.Left, n.Right}, {n.Right, n.Left}} {
		member, ok := sides[0].(*ast.MemberNode)
		if !ok {
			continue
		}
		text, ok := sides[1].(*ast.StringNode)
		name, named := member.Property.(*ast.StringNode)
		if !ok || !named || text.Value == levelHigh || text.Value == levelLow {
			continue
		}
		device, ok := r.deviceOf(member.Node)
		if _, isPointer := member.Node.(*ast.PointerNode); isPointer && r.of != nil && r.plain == 0 {
			device, ok = r.of.over.first, true
		}
		if !ok || device < 0 || r.scope.plan.Devices[device].Kind == nil {
			continue
		}
		if ref, err := r.scope.member(device, name.Value); err == nil && ref.key[0] == byte(pinRole) {
			r.fault(text, fmt.Sprintf("a pin is high or low, never %q", text.Value), diag.DidYouMean(text.Value, []string{levelHigh, levelLow}))
		}
	}
}

func isIdentifier(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= utf8.RuneSelf
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}
