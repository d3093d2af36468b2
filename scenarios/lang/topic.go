package lang

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const maxTopic = 65535 // bytes [MQTT-4.7.3-3]

// CheckTopic says what is wrong with the name of a topic to publish to: it is 1 to 65,535 bytes
// [MQTT-4.7.3-1] [MQTT-4.7.3-3], without U+0000 [MQTT-4.7.3-2] and without wildcards [MQTT-4.7.1-1].
func CheckTopic(topic string) error {
	if err := checkTopicText("topic", topic); err != nil {
		return err
	}
	if i := strings.IndexAny(topic, "+#"); i >= 0 {
		return &unitError{fmt.Sprintf("the topic %q has the wildcard %c", shorten(topic), topic[i]), "nothing can be published to a filter"}
	}
	return nil
}

// CheckFilter says what is wrong with a topic filter: beside the rules of a topic, # stands alone in
// the last level [MQTT-4.7.1-1] and + alone in its level [MQTT-4.7.1-2].
func CheckFilter(filter string) error {
	if err := checkTopicText("filter", filter); err != nil {
		return err
	}
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		switch {
		case strings.Contains(level, "#") && (level != "#" || i < len(levels)-1):
			return &unitError{fmt.Sprintf("in the filter %q # is not alone in the last level", shorten(filter)), "as in devices/#"}
		case strings.Contains(level, "+") && level != "+":
			return &unitError{fmt.Sprintf("in the filter %q + is not alone in its level", shorten(filter)), "as in devices/+/status"}
		}
	}
	return nil
}

func checkTopicText(what, s string) error {
	switch {
	case s == "":
		return &unitError{"the " + what + " is empty", "as in devices/thermo/status"}
	case len(s) > maxTopic:
		return &unitError{fmt.Sprintf("the %s has %d bytes", what, len(s)), fmt.Sprintf("at most %d", maxTopic)}
	case strings.ContainsRune(s, 0) || !utf8.ValidString(s):
		return &unitError{fmt.Sprintf("the %s %q has characters that MQTT does not allow", what, shorten(s)), ""}
	}
	return nil
}
