package lang_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/third_party/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

var golden = flag.Bool("golden", false, "rewrite the wanted diagnostics")

const (
	wantMark   = "# want "           // at the end of a *.bad.yaml: a diagnostic, without the file
	acceptMark = "# schema accepts " // a step with a fault that no schema can see, or "the file"
)

// parse reads a file as what its name says: kind-*, steps-*, else a scenario.
func parse(name string, data []byte) diag.List {
	var diags diag.List
	switch base := filepath.Base(name); {
	case strings.HasPrefix(base, "kind-"):
		_, diags = lang.ParseKind(base, data)
	case strings.HasPrefix(base, "steps-") && base != "steps-mapping.bad.yaml":
		_, diags = lang.ParseSteps(base, data, lang.Options{Params: map[string]lang.Scalar{"pauses": {Text: "5s"}}})
	case base == "set.bad.yaml":
		_, diags = lang.ParseScenario(base, data, lang.Options{Set: map[string]string{"outge": "1s", "outage": "2"}})
	default:
		_, diags = lang.ParseScenario(base, data, lang.Options{})
	}
	return diags
}

func schemaOf(name string) string {
	for _, prefix := range []string{"kind-", "steps-"} {
		if strings.HasPrefix(name, prefix) && name != "steps-mapping.bad.yaml" {
			return strings.TrimSuffix(prefix, "-")
		}
	}
	return "scenario"
}

// TestGoldenBad holds each file of testdata against the diagnostics at its end, and the schema against the
// parser: what the parser refuses the schema refuses, unless the file says that no schema can know.
func TestGoldenBad(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	schemas := compileSchemas(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			diags := parse(file, data)
			require.NotEmpty(t, diags, "the file must be refused")
			accepted := accepts(schemas[schemaOf(filepath.Base(file))], data, diags)
			if *golden {
				rewrite(t, file, data, diags, accepted)
				return
			}
			var want, got []string
			for line := range strings.Lines(string(data)) {
				if text, ok := strings.CutPrefix(line, wantMark); ok {
					want = append(want, strings.TrimSuffix(text, "\n"))
				}
			}
			for _, d := range diags {
				got = append(got, strings.TrimPrefix(strings.TrimPrefix(d.Error(), filepath.Base(file)), ":"))
			}
			require.Equal(t, want, got)
			var wantAccepted []string
			for line := range strings.Lines(string(data)) {
				if text, ok := strings.CutPrefix(line, acceptMark); ok {
					wantAccepted = append(wantAccepted, strings.TrimSuffix(text, "\n"))
				}
			}
			require.Equal(t, wantAccepted, accepted, "what the schema accepts")
		})
	}
}

// accepts returns which of the refused steps the schema accepts, each by itself; or the file, where
// the faults are not in the steps alone. What is no YAML no schema can see.
func accepts(schema *jsonschema.Schema, data []byte, diags diag.List) []string {
	document, ok := decode(data)
	if !ok {
		return nil
	}
	object, _ := document.(map[string]any)
	steps, _ := object["steps"].([]any)
	var accepted []string
	inSteps := true
	for _, d := range diags {
		inSteps = inSteps && strings.HasPrefix(d.Path, "steps[")
	}
	if !inSteps {
		if schema.Validate(document) == nil {
			accepted = append(accepted, "the file")
		}
		return accepted
	}
	for i, step := range steps {
		faulty := slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return strings.HasPrefix(d.Path, fmt.Sprintf("steps[%d]", i)) })
		object["steps"] = []any{step}
		if faulty && schema.Validate(document) == nil {
			accepted = append(accepted, fmt.Sprintf("steps[%d]", i))
		}
	}
	return accepted
}

func rewrite(t *testing.T, file string, data []byte, diags diag.List, accepted []string) {
	body, _, _ := strings.Cut("\n"+string(data), "\n"+wantMark)
	body = strings.TrimSuffix(strings.TrimPrefix(body, "\n"), "\n")
	for _, d := range diags {
		body += "\n" + wantMark + strings.TrimPrefix(strings.TrimPrefix(d.Error(), filepath.Base(file)), ":")
	}
	for _, what := range accepted {
		body += "\n" + acceptMark + what
	}
	require.NoError(t, os.WriteFile(file, []byte(strings.TrimPrefix(body, "\n")+"\n"), 0o600))
}

func compileSchemas(t testing.TB) map[string]*jsonschema.Schema {
	schemas := map[string]*jsonschema.Schema{}
	for _, name := range []string{"scenario", "kind", "steps"} {
		data, err := lang.Schema(name)
		require.NoError(t, err)
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		require.NoError(t, err)
		compiler := jsonschema.NewCompiler()
		require.NoError(t, compiler.AddResource(name, document))
		schemas[name], err = compiler.Compile(name)
		require.NoError(t, err)
	}
	return schemas
}

// decode returns YAML as an editor's plug-in hands it to the schema: by the rules of JSON.
func decode(data []byte) (any, bool) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil || len(root.Content) == 0 {
		return nil, false
	}
	budget := 100_000
	return plain(root.Content[0], &budget)
}

func plain(n *yaml.Node, budget *int) (any, bool) {
	if *budget--; *budget < 0 {
		return nil, false
	}
	switch n.Kind {
	case yaml.AliasNode:
		return plain(n.Alias, budget)
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			if _, twice := object[n.Content[i].Value]; twice || n.Content[i].ShortTag() == "!!merge" {
				return nil, false
			}
			value, ok := plain(n.Content[i+1], budget)
			if !ok {
				return nil, false
			}
			object[n.Content[i].Value] = value
		}
		return object, true
	case yaml.SequenceNode:
		array := []any{}
		for _, member := range n.Content {
			value, ok := plain(member, budget)
			if !ok {
				return nil, false
			}
			array = append(array, value)
		}
		return array, true
	}
	switch n.ShortTag() {
	case "!!null":
		return nil, true
	case "!!bool":
		return n.Value == "true", true
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value), true
		}
	}
	return n.Value, true
}
