package lang

import (
	"embed"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/twinrig/twinrig/internal/diag"
)

// The descriptions in the schemas are the comments of the types.
//
//go:embed scenario.go kind.go scalar.go verbs.go fleet.go broker.go each.go broker_limits.go broker_action.go reason.go sensor.go sense.go environment.go sweep.go measure.go tls.go battery.go hex.go matrix.go clock.go fault.go
var sources embed.FS

// Schema returns the JSON Schema (draft 2020-12) of a scenario, kind or steps file, as indented JSON.
// It says what can be said of a file by itself, without the names that lead from one place to another.
func Schema(name string) ([]byte, error) {
	s, err := schemaOf(name)
	if err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("lang: schema %s: %w", name, err)
	}
	return data, nil
}

func rootTypes() map[string]reflect.Type {
	return map[string]reflect.Type{"scenario": reflect.TypeFor[Scenario](), "kind": reflect.TypeFor[Kind](), "steps": reflect.TypeFor[StepsFile]()}
}

func schemaOf(name string) (*jsonschema.Schema, error) {
	root, ok := rootTypes()[name]
	if !ok {
		return nil, fmt.Errorf("lang: no schema %q: %s", name, diag.DidYouMean(name, []string{"scenario", "kind", "steps"}))
	}
	comments, err := readComments()
	if err != nil {
		return nil, err
	}
	g := &generator{defs: jsonschema.Definitions{}, vars: name != "kind", comments: comments}
	s := g.structure(root)
	s.Version = jsonschema.Version
	s.ID = jsonschema.ID("https://github.com/twinrig/twinrig/" + name + ".schema.json")
	s.Title = "twinrig " + name
	s.Definitions = g.defs
	return s, nil
}

// generator makes schemas of the types, by the same shapes by which the decoder reads them.
type generator struct {
	defs     jsonschema.Definitions
	vars     bool // $name may stand in the place of any scalar
	comments map[string]string
}

// described is a type that reads itself from a node, and so must say itself what it accepts.
type described interface {
	schema(g *generator, f *field) *jsonschema.Schema
}

// extended is a struct with rules beyond its single keys.
type extended interface {
	extend(s *jsonschema.Schema)
}

// of returns the schema of a type. f has the rules of the key it belongs to; it may be nil.
func (g *generator) of(t reflect.Type, f *field) *jsonschema.Schema {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if d, ok := reflect.New(t).Interface().(described); ok {
		return d.schema(g, f)
	}
	switch t.Kind() {
	case reflect.Struct:
		return g.define(t.Name(), func() *jsonschema.Schema { return g.structure(t) })
	case reflect.Slice:
		return &jsonschema.Schema{Type: "array", Items: g.of(t.Elem(), f), MinItems: atLeast(f)}
	case reflect.Map:
		return g.mapping(t.Elem(), f)
	case reflect.Bool:
		return g.orVariable(&jsonschema.Schema{Type: "boolean"})
	case reflect.Int:
		return g.number("integer", f)
	case reflect.Float64:
		return g.number("number", f)
	}
	if f != nil && len(f.enum) > 0 {
		return g.orVariable(&jsonschema.Schema{Type: "string", Enum: anys(f.enum)})
	}
	return g.anyScalar()
}

// define returns a reference to the definition name, which is made where it is not there yet.
func (g *generator) define(name string, make func() *jsonschema.Schema) *jsonschema.Schema {
	if _, ok := g.defs[name]; !ok {
		g.defs[name] = nil // a type may contain itself
		g.defs[name] = make()
	}
	return &jsonschema.Schema{Ref: "#/$defs/" + name}
}

func (g *generator) structure(t reflect.Type) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	s.Description = g.comments[exported(t.Name())]
	sh := shapeOf(t)
	for i := range sh.fields {
		f := &sh.fields[i]
		property := g.of(t.FieldByIndex(f.index).Type, f)
		property.Description = g.comments[exported(f.owner.Name())+"."+f.goName]
		s.Properties.Set(f.name, property)
		if f.required {
			s.Required = append(s.Required, f.name)
		}
	}
	if e, ok := reflect.New(t).Interface().(extended); ok {
		e.extend(s)
	}
	return s
}

// mapping is the schema of names to values of one type.
func (g *generator) mapping(element reflect.Type, f *field) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", AdditionalProperties: g.of(element, nil), MinProperties: atLeast(f)}
	if f != nil && f.names != "" {
		pattern, _ := namePattern(f.names)
		s.PropertyNames = &jsonschema.Schema{Pattern: pattern}
	}
	return s
}

func (g *generator) number(kind string, f *field) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: kind}
	if f != nil && f.minimum != nil {
		s.Minimum = json.Number(fmt.Sprint(*f.minimum))
	}
	if f != nil && f.maximum != nil {
		s.Maximum = json.Number(fmt.Sprint(*f.maximum))
	}
	return g.orVariable(s)
}

// quantity is the schema of a text with a unit, which numbers can look like but are not.
func (g *generator) quantity(name, pattern string, examples ...string) *jsonschema.Schema {
	return g.define(name, func() *jsonschema.Schema {
		return g.orVariable(&jsonschema.Schema{Type: "string", Pattern: pattern, Description: g.comments[name], Examples: anys(examples)})
	})
}

// anyScalar is text; that a text can look like a number or a truth value does not matter.
func (g *generator) anyScalar() *jsonschema.Schema {
	return &jsonschema.Schema{Extras: map[string]any{"type": []string{"string", "number", "boolean"}}}
}

// variablePattern finds $name and $(name).
const variablePattern = `\$[A-Za-z_(]`

// orVariable allows a text with a variable where s says no text, or only some.
func (g *generator) orVariable(s *jsonschema.Schema) *jsonschema.Schema {
	if !g.vars {
		return s
	}
	variable := g.define("variable", func() *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: variablePattern, Description: "$name or $(name), a param of the scenario."}
	})
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, variable}}
}

func atLeast(f *field) *uint64 {
	if f == nil || f.minItems == 0 {
		return nil
	}
	n := uint64(f.minItems)
	return &n
}

func anys(texts []string) []any {
	result := make([]any, len(texts))
	for i, t := range texts {
		result[i] = t
	}
	return result
}

// exactlyOneOf says that exactly one of the keys is there.
func exactlyOneOf(keys ...string) []*jsonschema.Schema {
	result := make([]*jsonschema.Schema, len(keys))
	for i, key := range keys {
		result[i] = &jsonschema.Schema{Required: []string{key}}
	}
	return result
}

// notBoth says that two keys exclude each other.
func notBoth(a, b string) *jsonschema.Schema {
	return &jsonschema.Schema{Not: &jsonschema.Schema{Required: []string{a, b}}}
}

// needs says that a key is only there with one of others.
func needs(key string, others ...string) *jsonschema.Schema {
	return &jsonschema.Schema{If: &jsonschema.Schema{Required: []string{key}}, Then: &jsonschema.Schema{AnyOf: exactlyOneOf(others...)}}
}

// clean makes one line of a comment.
func clean(comment string) string { return strings.Join(strings.Fields(comment), " ") }
