package lang

import (
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/twinrig/twinrig/internal/trace"
)

const decimal = `[0-9]+(\.[0-9]+)?`

func (*Duration) schema(g *generator, _ *field) *jsonschema.Schema {
	pattern := "^"
	for _, unit := range []string{"d", "h", "m", "s", "ms", "(us|µs|μs)", "ns"} {
		pattern += "(" + decimal + unit + ")?"
	}
	one := uint64(1)
	s := g.quantity("Duration", pattern+"$", "250ms", "90s", "1.5h", "2d")
	definition := g.defs["Duration"]
	if len(definition.AnyOf) > 0 {
		definition = definition.AnyOf[0]
	}
	definition.MinLength = &one
	return s
}

func (*Percent) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("Percent", `^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?([eE]-?[0-9]+)?)%$`, "2%", "0.5%")
}

func (*BitRate) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("BitRate", "^"+decimal+"[kmg]?bit$", "64kbit", "1mbit")
}

func (*Size) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("Size", "^"+decimal+"([KMG]i)?B$", "64KiB", "1MiB")
}

func (*Charge) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("Charge", "^"+decimal+"[muµμ]?Ah$", "2600mAh", "40µAh")
}

func (*Current) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("Current", "^"+decimal+"[nmuµμ]?A$", "12µA", "110mA")
}

func (*Time) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("Time", `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`, "2026-03-29T00:55:00+01:00")
}

func (*Scalar) schema(g *generator, _ *field) *jsonschema.Schema { return g.anyScalar() }

func (*OneOrMany) schema(g *generator, _ *field) *jsonschema.Schema {
	one := uint64(1)
	list := &jsonschema.Schema{Type: "array", Items: g.anyScalar(), MinItems: &one}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{g.anyScalar(), list}}
}

func (*Ordered[T]) schema(g *generator, f *field) *jsonschema.Schema {
	return g.mapping(reflect.TypeFor[T](), f)
}

func (*Expr) schema(g *generator, _ *field) *jsonschema.Schema { return g.anyScalar() }

func (*Regexp) schema(g *generator, _ *field) *jsonschema.Schema { return g.anyScalar() }

func (*JSON) schema(*generator, *field) *jsonschema.Schema { return &jsonschema.Schema{} }

func (*Comparison) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.define("Comparison", func() *jsonschema.Schema {
		text := &jsonschema.Schema{Type: "string", Pattern: `^(==|!=|<=|>=|<|>)? *-?` + decimal + `([eE][+-]?[0-9]+)?$`, Examples: []any{">= 9", "== 0"}}
		return g.orVariable(&jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "number"}, text}, Description: g.comments["Comparison"]})
	})
}

func (*Gapless) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.define("Gapless", func() *jsonschema.Schema {
		one := uint64(1)
		span := g.orVariable(&jsonschema.Schema{Type: "string", Pattern: `^-?[0-9]+\.\.-?[0-9]+$`, Examples: []any{"1..120"}})
		field := &jsonschema.Schema{Type: "object", AdditionalProperties: span, MinProperties: &one, MaxProperties: &one}
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{g.anyScalar(), field}, Description: g.comments["Gapless"]}
	})
}

// shortOr is a word in short, or a mapping.
func shortOr[T any](g *generator, name string, words ...string) *jsonschema.Schema {
	return g.define(name, func() *jsonschema.Schema {
		short := g.orVariable(&jsonschema.Schema{Type: "string", Enum: anys(words)})
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{short, g.of(reflect.TypeFor[T](), nil)}, Description: g.comments[name]}
	})
}

func (*PowerAction) schema(g *generator, _ *field) *jsonschema.Schema {
	return shortOr[powerForm](g, "PowerAction", powerWords()...)
}

func (*PinDrive) schema(g *generator, _ *field) *jsonschema.Schema {
	return shortOr[driveForm](g, "PinDrive", driveWords()...)
}

func (*PinPress) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.define("PinPress", func() *jsonschema.Schema {
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{g.of(reflect.TypeFor[Duration](), nil), g.of(reflect.TypeFor[pressForm](), nil)},
			Description: g.comments["PinPress"]}
	})
}

func (*NetworkChange) schema(g *generator, _ *field) *jsonschema.Schema {
	return shortOr[networkChange](g, "NetworkChange", stateWords()...)
}

func (*BrokerURL) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("BrokerURL", `^mqtts?://`, "mqtt://user:password@broker.example.com:1883")
}

func (*powerForm) extend(s *jsonschema.Schema) { s.OneOf = exactlyOneOf("cut", "cycle") }

func (*driveForm) extend(s *jsonschema.Schema) {
	s.DependentRequired = map[string][]string{"count": {"for"}, "every": {"for", "count"}}
}

func (*pressForm) extend(s *jsonschema.Schema) {
	s.DependentRequired = map[string][]string{"every": {"count"}}
}

func (*networkChange) extend(s *jsonschema.Schema) {
	s.AnyOf = exactlyOneOf("state", "latency", "jitter", "loss", "rate", "limit", "uplink", "downlink")
}

func (*Send) extend(s *jsonschema.Schema) { s.OneOf = exactlyOneOf("line", "bytes") }

func (*Publish) extend(s *jsonschema.Schema) { s.OneOf = exactlyOneOf("json", "payload", "hex") }

func (*Step) extend(s *jsonschema.Schema) {
	s.OneOf = exactlyOneOf(Verbs()...)
	s.AllOf = []*jsonschema.Schema{notBoth("include", "name"), notBoth("include", "when"), notBoth("include", "timeout"), notBoth("include", "retry")}
}

func (*Resources) extend(s *jsonschema.Schema) {
	s.DependentRequired = map[string][]string{"erase_block": {"flash"}, "write_granularity": {"flash"}}
}

func (*Expect) extend(s *jsonschema.Schema) {
	if event, ok := s.Properties.Get("event"); ok {
		var kinds []string
		for _, k := range trace.Kinds() {
			kinds = append(kinds, string(k))
		}
		*event = jsonschema.Schema{Description: event.Description, AnyOf: []*jsonschema.Schema{{Enum: anys(kinds)}, {Pattern: variablePattern}}}
	}
	s.OneOf = exactlyOneOf(subjects()...)
	anyOf := s.OneOf[len(s.OneOf)-1] // the last subject; as true it is none
	anyOf.Properties = jsonschema.NewProperties()
	anyOf.Properties.Set("any", &jsonschema.Schema{Type: "array"})
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		if subjectsOf := goesWith(pair.Key); len(subjectsOf) < len(subjects()) {
			s.AllOf = append(s.AllOf, needs(pair.Key, subjectsOf...))
		}
	}
	s.AllOf = append(s.AllOf, needs("metric", "is", "grows"), notBoth("is", "grows"))
	s.AllOf = append(s.AllOf, needs("pin", "is", "blinks"), needs("blinks", "during"), needs("grows", "during"), notBoth("blinks", "is"), notBoth("share", "any"))
	s.AllOf = append(s.AllOf, notBoth("within", "during"), notBoth("for", "during"), notBoth("json", "json_exact"),
		notBoth("json", "payload"), notBoth("json_exact", "payload"), notBoth("hex", "json"), notBoth("hex", "json_exact"), notBoth("hex", "payload"),
		&jsonschema.Schema{If: whenTrue("not"), Then: &jsonschema.Schema{Required: []string{"during"}}})
}

// extend shadows Expect's: the window of an invariant is the whole run.
func (i *Invariant) extend(s *jsonschema.Schema) {
	for _, key := range append(temporalKeys(), "blinks", "measure") {
		s.Properties.Delete(key)
	}
	i.Expect.extend(s)
	s.AllOf = s.AllOf[:len(s.AllOf)-1]
}

// whenTrue is a schema that holds for a mapping in which key is true.
func whenTrue(key string) *jsonschema.Schema {
	s := &jsonschema.Schema{Required: []string{key}, Properties: jsonschema.NewProperties()}
	s.Properties.Set(key, &jsonschema.Schema{Const: true})
	return s
}

func (*Build) extend(s *jsonschema.Schema) { s.OneOf = exactlyOneOf("go", "wasm") }

func (*MetricRule) extend(s *jsonschema.Schema) {
	s.OneOf = exactlyOneOf("mqtt", "console")
	s.DependentRequired = map[string][]string{"json": {"mqtt"}}
}
