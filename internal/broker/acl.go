package broker

import (
	"strings"
)

// Identity is what a device is known by and may do.
type Identity struct {
	Device   string   // its name in the scenario
	ClientID string   // MQTT client id; two devices may share one, as clones do
	Username string   // must match exactly
	Password string   // must match exactly
	Topics   []string // topic filters it may publish and subscribe to, and that its will must be under
}

// May reports whether the identity may use topic, which is a topic name or a topic filter.
func (id *Identity) May(topic string) bool {
	topic, ok := unshared(topic)
	if !ok || len(topic) >= 4 && strings.EqualFold(topic[:4], "$SYS") {
		return false
	}
	for _, allowed := range id.Topics {
		if covers(allowed, topic) {
			return true
		}
	}
	return false
}

// unshared returns the filter inside a shared subscription's, and any other as it is. ok is false
// where a shared subscription names no filter.
func unshared(filter string) (inner string, ok bool) {
	prefix, rest, found := strings.Cut(filter, "/")
	if !found || !strings.EqualFold(prefix, "$share") {
		return filter, true
	}
	_, inner, ok = strings.Cut(rest, "/")
	return inner, ok && inner != ""
}

// covers reports whether every topic that filter matches is matched by allowed too. filter may be a
// topic name. Wildcards do not reach the topics that begin with $ [MQTT-4.7.2-1].
func covers(allowed, filter string) bool {
	if strings.HasPrefix(filter, "$") && (strings.HasPrefix(allowed, "#") || strings.HasPrefix(allowed, "+")) {
		return false
	}
	for {
		a, aRest, aMore := strings.Cut(allowed, "/")
		f, fRest, fMore := strings.Cut(filter, "/")
		switch {
		case a == "#":
			return true
		case f == "#":
			return false
		case a != "+" && a != f:
			return false
		case !aMore && !fMore:
			return true
		case !fMore:
			return aRest == "#" // "a/#" matches "a" as well (4.7.1.2)
		case !aMore:
			return false
		}
		allowed, filter = aRest, fRest
	}
}
