package expect

import "strings"

// topicFilter is an MQTT topic filter, split at its slashes. [MQTT-4.7]
type topicFilter struct {
	source string
	levels []string
	exact  bool // no wildcard
}

func newTopicFilter(filter string) topicFilter {
	return topicFilter{source: filter, levels: strings.Split(filter, "/"), exact: !strings.ContainsAny(filter, "+#")}
}

// matches reports whether the filter takes in the topic. A wildcard in the first place does not take
// in topics that begin with $ [MQTT-4.7.2-1]; "a/#" takes in "a" [MQTT-4.7.1-2].
func (f topicFilter) matches(topic string) bool {
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

// overlaps reports whether some topic lies in both filters.
func (f topicFilter) overlaps(g topicFilter) bool {
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
