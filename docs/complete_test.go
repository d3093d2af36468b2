package docs

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// TestLanguageIsDocumented looks for every key of the schemas, every verb, event and metric in what was written
// by hand: reference.md, which is generated, has them all anyway.
func TestLanguageIsDocumented(t *testing.T) {
	var page []byte
	for _, file := range pages(t) {
		if file == "reference.md" {
			continue
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		page = append(page, data...)
	}
	for _, name := range []string{"scenario", "kind", "steps"} {
		data, err := lang.Schema(name)
		require.NoError(t, err)
		var schema any
		require.NoError(t, json.Unmarshal(data, &schema))
		for _, key := range keys(schema, nil) {
			require.True(t, regexp.MustCompile("`"+regexp.QuoteMeta(key)+"[`:]|\\b"+regexp.QuoteMeta(key)+":").Match(page), "key %s of a %s file", key, name)
		}
	}
	for _, verb := range lang.Verbs() {
		require.True(t, verb == "expect" || regexp.MustCompile(`(?m)^### .*\b`+verb+`\b`).Match(page), "verb %s", verb)
	}
	for _, metric := range lang.BuiltinMetrics() {
		require.True(t, regexp.MustCompile("(?m)^\\| `"+metric+"` \\|").Match(page), "metric %s", metric)
	}
}

// keys returns the names of all properties in a schema.
func keys(schema any, found []string) []string {
	switch s := schema.(type) {
	case map[string]any:
		for word, value := range s {
			if properties, ok := value.(map[string]any); ok && (word == "properties" || word == "$defs") {
				for name, property := range properties {
					if word == "properties" {
						found = append(found, name)
					}
					found = keys(property, found)
				}
				continue
			}
			found = keys(value, found)
		}
	case []any:
		for _, value := range s {
			found = keys(value, found)
		}
	}
	return found
}

func TestEventsAreDocumented(t *testing.T) {
	for _, name := range []string{"scenarios.md", "results.md"} {
		page, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, kind := range trace.Kinds() {
			require.True(t, regexp.MustCompile("(?m)^\\|[^|]*`"+string(kind)+"`[^|]*\\|").Match(page), "%s: event %s", name, kind)
		}
	}
}
