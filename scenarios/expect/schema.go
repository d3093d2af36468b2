package expect

import (
	"errors"
	"fmt"
	"strings"

	"github.com/twinrig/twinrig/internal/third_party/jsonschema"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// invalid says why a decoded payload does not agree with a schema, and where: by its JSON Pointer; "" where it does.
func invalid(schema *jsonschema.Schema, body any) string {
	err := schema.Validate(body)
	var wrong *jsonschema.ValidationError
	if !errors.As(err, &wrong) {
		if err != nil {
			return err.Error()
		}
		return ""
	}
	var parts []string
	collectCauses(wrong, &parts)
	const few = 3
	text := strings.Join(parts[:min(len(parts), few)], "; ")
	if len(parts) > few {
		text += fmt.Sprintf(" and %d more faults", len(parts)-few)
	}
	return "not as the schema says: " + text
}

// collectCauses lists the innermost faults.
func collectCauses(e *jsonschema.ValidationError, parts *[]string) {
	for _, cause := range e.Causes {
		collectCauses(cause, parts)
	}
	if len(e.Causes) == 0 {
		pointer := "/" + strings.Join(escaped(e.InstanceLocation), "/")
		if len(e.InstanceLocation) == 0 {
			pointer = "the whole"
		}
		*parts = append(*parts, pointer+": "+shorten(e.ErrorKind.LocalizedString(message.NewPrinter(language.English)), 120))
	}
}

// escaped writes the names of a JSON Pointer as RFC 6901 section 3 has them.
func escaped(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
	}
	return out
}

// invalidText says why the message at index i is not as the leaf's schema says.
func invalidText(h *History, leaf *eventLeaf, i int) string {
	body, ok := h.decode(i)
	if !ok {
		return "the payload cannot be decoded"
	}
	return "the message is " + invalid(leaf.schema, body)
}
