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

// TestLanguageIsDocumented looks for every key of the schemas, every verb, event and metric.
func TestLanguageIsDocumented(t *testing.T) {
	page, err := os.ReadFile("scenarios.md")
	require.NoError(t, err)
	for _, name := range []string{"scenario", "kind", "steps"} {
		data, err := lang.Schema(name)
		require.NoError(t, err)
		var schema any
		require.NoError(t, json.Unmarshal(data, &schema))
		for _, key := range keys(schema, nil) {
			require.Regexp(t, "\\b"+regexp.QuoteMeta(key)+"\\b[^`\n]*[`:]", string(page), "key of a %s file", name)
		}
	}
	for _, verb := range lang.Verbs() {
		require.Regexp(t, `(?m)^### .*\b`+verb+`\b|^## Expectations`, string(page))
	}
	for _, metric := range lang.BuiltinMetrics() {
		require.Contains(t, string(page), "| `"+metric+"` |")
	}
}

// keys returns the names of all properties in a schema.
func keys(schema any, found []string) []string {
	switch s := schema.(type) {
	case map[string]any:
		if properties, ok := s["properties"].(map[string]any); ok {
			for name := range properties {
				found = append(found, name)
			}
		}
		for _, value := range s {
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
			require.Regexp(t, "(?m)^\\|.*`"+string(kind)+"`.*\\|", string(page), "%s: event %s", name, kind)
		}
	}
}
