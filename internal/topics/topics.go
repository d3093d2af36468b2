// Package topics matches MQTT topic names with topic filters.
package topics

import "strings"

// Filter is an MQTT topic filter, split at its slashes. [MQTT-4.7]
type Filter struct {
	source string
	levels []string
	exact  bool // no wildcard
}

// NewFilter returns a filter, which must be valid.
func NewFilter(filter string) Filter {
	return Filter{source: filter, levels: strings.Split(filter, "/"), exact: !strings.ContainsAny(filter, "+#")}
}

// String returns the filter as it is written.
func (f Filter) String() string { return f.source }

// Exact reports whether the filter has no wildcard, so that it takes in one topic alone.
func (f Filter) Exact() bool { return f.exact }

// Matches reports whether the filter takes in the topic. A wildcard in the first place does not take
// in topics that begin with $ [MQTT-4.7.2-1]; "a/#" takes in "a" [MQTT-4.7.1-2].
func (f Filter) Matches(topic string) bool {
	if f.exact {
		return topic == f.source
	}
	if strings.HasPrefix(topic, "$") && !strings.HasPrefix(f.source, "$") {
		return false
	}
	rest, more := topic, true
	for _, want := range f.levels {
		if want == "#" {
			return true
		}
		if !more {
			return false
		}
		var have string
		have, rest, more = strings.Cut(rest, "/")
		if want != "+" && want != have {
			return false
		}
	}
	return !more
}

// Overlaps reports whether some topic lies in both filters.
func (f Filter) Overlaps(g Filter) bool {
	a, b := f.levels, g.levels
	for len(a) > 0 && len(b) > 0 {
		if a[0] == "#" || b[0] == "#" {
			return true
		}
		if a[0] != b[0] && a[0] != "+" && b[0] != "+" {
			return false
		}
		a, b = a[1:], b[1:]
	}
	// "a/#" takes in "a" too.
	return len(a) == 0 && (len(b) == 0 || b[0] == "#") || len(b) == 0 && a[0] == "#"
}
