package plan

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSchemaNamesSurvive(t *testing.T) {
	for _, name := range []string{"a.json", "dir/a b.json", "../x/a.json", "../../../a.json", "/home/x/a.json", "library:a.json", "library:dir/a#?.json"} {
		back, ok := schemaName(schemaURL(name))
		require.True(t, ok, name)
		require.Equal(t, name, back)
	}
	for _, address := range []string{"https://example.com/a.json", "file://host/a.json", "file:///etc/passwd", "urn:a"} {
		_, ok := schemaName(address)
		require.False(t, ok, address)
	}
}
