package lang

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// stepText renders a step as written, in one line: `power thermo: on`, `expect pin: thermo.HEATER, is: high`.
func stepText(step *yaml.Node) string {
	if step == nil || step.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(step.Content); i += 2 {
		if key := step.Content[i].Value; !slices.Contains([]string{"name", "when", "timeout", "retry"}, key) {
			text := flow(step.Content[i+1], 0)
			return key + " " + strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
		}
	}
	return ""
}

// maxTextDepth ends the rendering of what nests deeper than a line can show.
const maxTextDepth = 6

// flow renders a node in YAML's flow style; an alias only by its name.
func flow(n *yaml.Node, depth int) string {
	if depth > maxTextDepth {
		return "…"
	}
	switch n.Kind {
	case yaml.AliasNode:
		return "*" + n.Value
	case yaml.ScalarNode:
		if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			return "'" + strings.ReplaceAll(n.Value, "\n", `\n`) + "'"
		}
		return strings.ReplaceAll(n.Value, "\n", " ")
	}
	var parts []string
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			parts = append(parts, flow(item, depth+1))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		parts = append(parts, n.Content[i].Value+": "+flow(n.Content[i+1], depth+1))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
