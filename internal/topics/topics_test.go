package topics_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/twinrig/twinrig/internal/topics"
)

func TestFilter(t *testing.T) {
	for _, tt := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/b", "a/b", true}, {"a/b", "a/b/c", false}, {"a/b", "a", false}, {"a/+", "a/b", true}, {"a/+", "a", false},
		{"a/+", "a/", true}, {"a/+", "a/b/c", false}, {"a/#", "a", true}, {"a/#", "a/b/c", true}, {"a/#", "ab", false},
		{"#", "a/b", true}, {"#", "$SYS/a", false}, {"+/a", "$SYS/a", false}, {"$SYS/#", "$SYS/a", true}, {"+/b", "a/b", true},
		{"+", "/a", false}, {"/+", "/a", true}, {"+/+", "/a", true}, {"a/+/c", "a/b/c", true}, {"a/+/c", "a/b/d", false},
	} {
		require.Equal(t, tt.want, topics.NewFilter(tt.filter).Matches(tt.topic), "%s %s", tt.filter, tt.topic)
	}
}

// TestOverlap: wherever one topic lies in two filters, they overlap.
func TestOverlap(t *testing.T) {
	level := rapid.SampledFrom([]string{"a", "b", "+"})
	filter := rapid.Custom(func(t *rapid.T) string {
		text := level.Draw(t, "first")
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			text += "/" + level.Draw(t, "level")
		}
		if rapid.Bool().Draw(t, "rest") {
			text += "/#"
		}
		return text
	})
	var names []string
	grown := []string{""}
	for range 5 {
		var next []string
		for _, g := range grown {
			for _, l := range []string{"a", "b", "c"} {
				topic := l
				if g != "" {
					topic = g + "/" + l
				}
				next = append(next, topic)
			}
		}
		names, grown = append(names, next...), next
	}
	rapid.Check(t, func(t *rapid.T) {
		f, g := topics.NewFilter(filter.Draw(t, "f")), topics.NewFilter(filter.Draw(t, "g"))
		both := false
		for _, topic := range names {
			both = both || f.Matches(topic) && g.Matches(topic)
		}
		require.Equal(t, both, f.Overlaps(g), "%s %s", f, g)
	})
}
