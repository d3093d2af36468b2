package lang

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/twinrig/twinrig/internal/diag"
)

// Reference returns the language reference in Markdown: every type of the three files with every key, made
// of the schemas and so of the types that the decoder reads by. examples links each key to a file that shows
// it, by the names that [KeysUsed] returns; a key that is not in it has none.
func Reference(examples map[string]string) ([]byte, error) {
	var b strings.Builder
	b.WriteString(`# Language reference

Made from the types of package scenarios/lang by ` + "`make golden`" + `; do not edit. What the keys mean in each other's
company is told in [scenarios.md](scenarios.md). Each key links to an example that the tests run.
`)
	done := map[string]bool{}
	for _, name := range []string{"scenario", "kind", "steps"} {
		s, err := schemaOf(name)
		if err != nil {
			return nil, err
		}
		r := referenceWriter{b: &b, examples: examples}
		if s.Properties != nil {
			fmt.Fprintf(&b, "\n## A %s file\n", name)
			r.section(rootType(name), s)
		}
		for _, definition := range slices.Sorted(maps.Keys(s.Definitions)) {
			if done[definition] || definition == "variable" {
				continue
			}
			done[definition] = true
			fmt.Fprintf(&b, "\n### %s\n", exported(definition))
			r.section(definition, s.Definitions[definition])
		}
	}
	return []byte(b.String()), nil
}

func rootType(file string) string { return rootTypes()[file].Name() }

// AllKeys returns the names of every key of the language, as [KeysUsed] does of those in a file.
func AllKeys() ([]string, error) {
	var all []string
	for _, name := range []string{"scenario", "kind", "steps"} {
		s, err := schemaOf(name)
		if err != nil {
			return nil, err
		}
		s.Definitions[rootType(name)] = s
		for definition, d := range s.Definitions {
			if d.Properties == nil {
				continue
			}
			for pair := d.Properties.Oldest(); pair != nil; pair = pair.Next() {
				all = append(all, exported(definition)+"."+pair.Key)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// KeysUsed returns the keys that a file has, each as TYPE.KEY, such as Expect.within, and the faults of the file.
func KeysUsed(file string, data []byte) ([]string, diag.List) {
	d := newDecoder(file, data, nil)
	d.used = map[string]bool{}
	root := tree(file, data, &d.diags)
	if root == nil {
		return nil, d.sorted()
	}
	name := FileType(data)
	if name == "scenario" {
		params, _ := d.params(root, nil)
		d.vars = newVars(params)
		d.defaultWithin = child(root, "default_within") != nil
	}
	t, ok := rootTypes()[name]
	if !ok {
		d.fault(root, "", "it is none of the three kinds of file", "")
		return nil, d.sorted()
	}
	d.value(root, reflect.New(t).Elem(), "", nil)
	return slices.Sorted(maps.Keys(d.used)), d.sorted()
}

type referenceWriter struct {
	b        *strings.Builder
	examples map[string]string
}

func (r *referenceWriter) section(name string, s *jsonschema.Schema) {
	if s.Description != "" {
		fmt.Fprintf(r.b, "\n%s\n", s.Description)
	}
	if s.Properties == nil || s.Properties.Len() == 0 {
		fmt.Fprintf(r.b, "\n%s\n", capitalised(words(s)))
		return
	}
	r.b.WriteString("\n| key | value | meaning |\n|---|---|---|\n")
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		key := "`" + pair.Key + "`"
		if example := r.examples[exported(name)+"."+pair.Key]; example != "" {
			key = "[" + key + "](" + example + ")"
		}
		meaning := pair.Value.Description
		if slices.Contains(s.Required, pair.Key) {
			meaning += "; required"
		}
		fmt.Fprintf(r.b, "| %s | %s | %s |\n", key, cell(words(pair.Value)), cell(meaning))
	}
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func capitalised(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// words says in words what a schema accepts.
func words(s *jsonschema.Schema) string {
	switch {
	case s.Ref != "":
		name := exported(strings.TrimPrefix(s.Ref, "#/$defs/"))
		if name == "Variable" {
			return ""
		}
		return "[" + name + "](#" + strings.ToLower(name) + ")"
	case len(s.Enum) > 0:
		return quoted(s.Enum)
	case len(s.Examples) > 0:
		return "text such as " + quoted(s.Examples)
	case s.Type == "array" && s.Items != nil:
		return "list of " + words(s.Items)
	case s.Type == "object" && s.AdditionalProperties != nil && s.Properties == nil:
		return "mapping of names to " + words(s.AdditionalProperties)
	case s.Type == "integer":
		return "whole number"
	case s.Type == "boolean":
		return "`true`, `false`"
	case s.Type == "number":
		return "number"
	case s.Type == "object":
		return "mapping"
	case len(s.AnyOf) > 0:
		return alternatives(s.AnyOf)
	case s.Extras["type"] != nil || s.Type == "string":
		return "text"
	}
	return "any value"
}

func alternatives(all []*jsonschema.Schema) string {
	var parts []string
	for _, s := range all {
		isVariable := s.Pattern == variablePattern || s.Ref == "#/$defs/variable"
		if text := words(s); text != "" && !isVariable && !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", or ")
}

func quoted(values []any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprintf("`%v`", v)
	}
	return strings.Join(parts, ", ")
}
