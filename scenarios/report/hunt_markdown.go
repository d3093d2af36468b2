package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/visible"
)

// Markdown writes what kills what as two tables: what is seen of each mutant in the field and which scenarios kill
// it; and of the most telling of these, the one that kills the fewest others, where it fails and why.
func (h Hunt) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "**%d of %d mutants killed by %s.**\n", h.Killed, len(h.Mutants), counted(len(h.Scenarios), "scenario"))
	if idle := h.Idle(); len(idle) > 0 {
		fmt.Fprintf(&b, "\nScenarios that kill nothing: %s.\n", codes(idle))
	}
	b.WriteString("\n| mutant | in | what is seen in the field | killed by |\n|---|---|---|---|\n")
	for _, m := range h.Mutants {
		by := "**nothing**"
		if len(m.Kills) > 0 {
			by = codes(m.killers())
		}
		row(&b, code(m.Name), m.Language, cell(m.About), by)
	}
	b.WriteString("\n| mutant | most telling scenario | fails at | because |\n|---|---|---|---|\n")
	for _, m := range h.Mutants {
		if k, ok := h.telling(m); ok {
			row(&b, code(m.Name), code(shortName(k.Scenario)), code(clip(k.Step, stepWidth)), cell(k.Message))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// telling returns the kill by the scenario that kills the fewest mutants.
func (h Hunt) telling(m Mutant) (Kill, bool) {
	if len(m.Kills) == 0 {
		return Kill{}, false
	}
	count := map[string]int{}
	for _, other := range h.Mutants {
		for _, k := range other.Kills {
			count[k.Scenario]++
		}
	}
	return slices.MinFunc(m.Kills, func(a, b Kill) int {
		return cmp.Or(cmp.Compare(count[a.Scenario], count[b.Scenario]), cmp.Compare(a.Scenario, b.Scenario))
	}), true
}

// killers names the scenarios that kill the mutant, in their order.
func (m Mutant) killers() []string {
	names := make([]string, len(m.Kills))
	for i, k := range m.Kills {
		names[i] = shortName(k.Scenario)
	}
	return names
}

// shortName is a scenario's name in a table: without library:.
func shortName(scenario string) string { return strings.TrimPrefix(scenario, "library:") }

func row(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// cell is text in a cell of a table. Backslashes keep Markdown from reading it.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`, "*", `\*`, "_", `\_`, "`", "\\`").Replace(visible.Line(text))
}

// code is text in a cell as it stands.
func code(text string) string {
	return "`" + strings.NewReplacer("|", `\|`, "`", "'").Replace(visible.Line(text)) + "`"
}

func codes(texts []string) string {
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = code(t)
	}
	return strings.Join(all, ", ")
}
