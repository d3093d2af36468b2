package expect

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func decodeText(t testing.TB, text string) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(text), &v), text)
	return v
}

func TestMatchJSON(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		exact     bool
		why       string
	}{
		{want: `{"a":1}`, got: `{"a":1,"b":2}`},
		{want: `{"a":1}`, got: `{"a":1,"b":2}`, exact: true, why: "json has a field b too many"},
		{want: `{"a":{"b":1}}`, got: `{"a":{"b":1,"c":2}}`},
		{want: `{"a":{"b":1}}`, got: `{"a":{"b":1,"c":2}}`, exact: true, why: "json.a has a field c too many"},
		{want: `{"a":21.50}`, got: `{"a":21.5}`},
		{want: `{"a":1}`, got: `{"a":1.0}`, exact: true},
		{want: `{"a":1}`, got: `{"a":2}`, why: "json.a is 2, not 1"},
		{want: `{"a":1}`, got: `{"a":"1"}`, why: `json.a is "1", not 1`},
		{want: `{"a":"1"}`, got: `{"a":1}`, why: `json.a is 1, not "1"`},
		{want: `{"a":null}`, got: `{"a":null}`},
		{want: `{"a":null}`, got: `{}`, why: "json.a is missing"},
		{want: `{"a":null}`, got: `{"a":{}}`, why: "json.a is {}, not null"},
		{want: `{"a":true}`, got: `{"a":false}`, why: "json.a is false, not true"},
		{want: `{"a":"> 5"}`, got: `{"a":5.1}`},
		{want: `{"a":"> 5"}`, got: `{"a":5}`, why: "json.a is 5, not > 5"},
		{want: `{"a":"> 5"}`, got: `{"a":"6"}`, why: `json.a is "6", not > 5`},
		{want: `{"a":"> 5"}`, got: `{"a":"> 5"}`},
		{want: `{"a":"> 5"}`, got: `{"a":6}`, exact: true, why: `json.a is 6, not "> 5"`},
		{want: `{"a":">= -1.5e1"}`, got: `{"a":-15}`},
		{want: `{"a":"!= 3"}`, got: `{"a":3}`, why: "json.a is 3, not != 3"},
		{want: `{"a":"!= 3"}`, got: `{"a":4}`},
		{want: `{"a":"> five"}`, got: `{"a":"> five"}`},
		{want: `[1,{"b":2}]`, got: `[1,{"b":2,"c":3}]`},
		{want: `[1,2]`, got: `[1,2,3]`, why: "json is [1,2,3], not a list of 2"},
		{want: `{"a":[1,2]}`, got: `{"a":[1,3]}`, why: "json.a.1 is 3, not 2"},
		{want: `{"a":{"b":1}}`, got: `{"a":1}`, why: "json.a is 1, not an object"},
		{want: `"online"`, got: `"online"`},
	} {
		p := compilePattern(decodeText(t, tt.want), tt.exact)
		m := p.match(decodeText(t, tt.got), tt.exact)
		if tt.why == "" {
			require.Nil(t, m, "%s against %s", tt.want, tt.got)
			continue
		}
		require.NotNil(t, m, "%s against %s", tt.want, tt.got)
		require.Equal(t, tt.why, m.String())
	}
}

func TestLookup(t *testing.T) {
	body := decodeText(t, `{"a":{"b":{"c":3}},"d":null}`)
	for path, want := range map[string]any{"a.b.c": 3.0, "d": nil} {
		got, ok := lookup(body, path)
		require.True(t, ok, path)
		require.Equal(t, want, got, path)
	}
	for _, path := range []string{"a.x", "a.b.c.d", "b", "d.x", "a..b"} {
		_, ok := lookup(body, path)
		require.False(t, ok, path)
	}
}

// FuzzMatchJSON holds the matching to what must be true of any two values.
func FuzzMatchJSON(f *testing.F) {
	f.Add([]byte(`{"a":"> 5"}`), []byte(`{"a":6,"b":[1]}`))
	f.Add([]byte(`[null,{"x":1e300}]`), []byte(`[null,{"x":1}]`))
	f.Fuzz(func(t *testing.T, want, got []byte) {
		var w, g any
		if json.Unmarshal(want, &w) != nil || json.Unmarshal(got, &g) != nil {
			return
		}
		exact, subset := compilePattern(w, true), compilePattern(w, false)
		if m := exact.match(w, true); m != nil {
			t.Fatalf("%s does not match itself: %s", want, m)
		}
		if m := subset.match(w, false); m != nil {
			t.Fatalf("%s does not match itself: %s", want, m)
		}
		if m := exact.match(g, true); m == nil && subset.match(g, false) != nil {
			t.Fatalf("%s matches %s as a whole but not as a part", got, want)
		} else if m != nil && m.String() == "" {
			t.Fatal("a mismatch without words")
		}
		_ = yamlText(w)
	})
}

func TestGaps(t *testing.T) {
	for _, tt := range []struct {
		from, to int64
		seen     []int64
		want     string
	}{
		{1, 3, []int64{1, 3}, "2 is"},
		{1, 5, []int64{1, 5}, "2 to 4 are"},
		{1, 4, nil, "1 to 4 are"},
		{1, 9, []int64{3, 4, 7}, "1 to 2, 5 to 6, 8 to 9 are"},
		{0, 12, []int64{1, 3, 5, 7, 9, 11}, "0, 2, 4, 6, 8 and 2 more are"},
		{0, 1 << 53, []int64{0, 1 << 53}, "1 to 9007199254740991 are"},
	} {
		s := newSeries(seriesRule{kind: gapless, field: "seq"})
		for _, n := range tt.seen {
			s.seen.add(n)
		}
		require.Equal(t, tt.want, s.gaps(tt.from, tt.to))
	}
}
