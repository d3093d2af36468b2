package lang_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios/lang"
)

func TestSchemaIsStable(t *testing.T) {
	for _, name := range []string{"scenario", "kind", "steps"} {
		first, err := lang.Schema(name)
		require.NoError(t, err)
		second, err := lang.Schema(name)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
	}
	_, err := lang.Schema("scenaro")
	require.EqualError(t, err, `lang: no schema "scenaro": did you mean "scenario"?`)
}

// Editors show the description of the key under the cursor; a key without one is a riddle.
func TestSchemaDescribesEveryKey(t *testing.T) {
	for _, name := range []string{"scenario", "kind", "steps"} {
		data, err := lang.Schema(name)
		require.NoError(t, err)
		var schema map[string]any
		require.NoError(t, json.Unmarshal(data, &schema))
		objects := map[string]any{name: schema}
		for definition, s := range schema["$defs"].(map[string]any) {
			objects[definition] = s
		}
		for object, s := range objects {
			properties, _ := s.(map[string]any)["properties"].(map[string]any)
			for key, property := range properties {
				description, _ := property.(map[string]any)["description"].(string)
				require.NotEmpty(t, description, "%s: %s.%s", name, object, key)
			}
			if properties != nil {
				require.Equal(t, false, s.(map[string]any)["additionalProperties"], object)
			}
		}
	}
}
