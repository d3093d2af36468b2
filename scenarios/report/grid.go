package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/run"
)

// gridMargin is how far a table stands in.
const gridMargin = 2

// matrix draws the compatibility table in the widest form that fits the terminal: the values of the last axis as
// columns; or of that axis which makes the fewest columns; or a line for each cell; or, where even this is too wide,
// the same with values cut short. An axis of which one value was run is left out.
func (t Text) matrix(whole *Scenario) string {
	s := varying(whole)
	last := len(s.Axes) - 1
	forms := []func() string{func() string { return t.grid(s, last, true) }, func() string { return t.grid(s, last, false) }}
	if fewest := fewestValues(s); fewest != last {
		forms = append(forms, func() string { return t.grid(s, fewest, true) }, func() string { return t.grid(s, fewest, false) })
	}
	forms = append(forms, func() string { return t.list(s, 0) })
	for _, form := range forms {
		if drawn := form(); t.Width == 0 || text.LongestLineLen(drawn)+gridMargin <= t.Width {
			return drawn
		}
	}
	return t.list(s, max(4, (t.Width-gridMargin-20)/len(s.Axes)-3))
}

// varying returns the scenario with those axes alone that have several values; all, where none has.
func varying(s *Scenario) *Scenario {
	var kept []int
	for axis := range s.Axes {
		if len(valuesOf(s, axis)) > 1 {
			kept = append(kept, axis)
		}
	}
	if len(kept) == 0 || len(kept) == len(s.Axes) {
		return s
	}
	less := *s
	less.Axes, less.Cells = nil, slices.Clone(s.Cells)
	for _, axis := range kept {
		less.Axes = append(less.Axes, s.Axes[axis])
	}
	for i := range less.Cells {
		c := &less.Cells[i]
		if len(c.settings) != len(s.Axes) {
			continue
		}
		var settings []lang.Setting
		for _, axis := range kept {
			settings = append(settings, c.settings[axis])
		}
		c.settings = settings
	}
	return &less
}

// fewestValues returns the axis with the fewest values.
func fewestValues(s *Scenario) int {
	best, least := 0, 0
	for axis := range s.Axes {
		if n := len(valuesOf(s, axis)); axis == 0 || n < least {
			best, least = axis, n
		}
	}
	return best
}

// valuesOf returns the values of an axis, in the order of the file.
func valuesOf(s *Scenario, axis int) []string {
	var all []string
	for i := range s.Cells {
		if c := &s.Cells[i]; axis < len(c.settings) && !slices.Contains(all, c.settings[axis].Value) {
			all = append(all, c.settings[axis].Value)
		}
	}
	return all
}

func newTable() table.Writer {
	w := table.NewWriter()
	w.SetStyle(table.StyleLight)
	w.Style().Options.DrawBorder = false
	w.Style().Format.Header = text.FormatDefault
	return w
}

// grid draws a row for each combination of all axes but one, whose values are the columns.
func (t Text) grid(s *Scenario, across int, named bool) string {
	columns := valuesOf(s, across)
	rows := map[string]map[string]*Cell{}
	var order [][]lang.Setting
	for i := range s.Cells {
		c := &s.Cells[i]
		if len(c.settings) != len(s.Axes) {
			continue // of a run that was lost before it knew
		}
		rest := slices.Delete(slices.Clone(c.settings), across, across+1)
		key := lang.CellText(rest)
		if rows[key] == nil {
			rows[key] = map[string]*Cell{}
			order = append(order, rest)
		}
		rows[key][c.settings[across].Value] = c
	}
	w := newTable()
	w.AppendHeader(gridHeader(s, across, columns, named))
	for _, rest := range order {
		row := table.Row{}
		for _, x := range rest {
			row = append(row, visible.Line(x.Value))
		}
		if len(rest) == 0 {
			row = append(row, "verdict")
		}
		for _, column := range columns {
			row = append(row, t.cell(rows[lang.CellText(rest)][column]))
		}
		w.AppendRow(row)
	}
	return w.Render()
}

// gridHeader names the axes; named says the axis across at each of its values, else it stands once in the corner.
func gridHeader(s *Scenario, across int, columns []string, named bool) table.Row {
	var down []string
	for i, axis := range s.Axes {
		if i != across {
			down = append(down, visible.Line(axis))
		}
	}
	name := visible.Line(s.Axes[across])
	switch {
	case len(down) == 0:
		down, named = []string{name}, false
	case !named:
		down[len(down)-1] = strings.TrimSpace(down[len(down)-1] + " \\ " + name)
	}
	header := table.Row{}
	for _, d := range down {
		header = append(header, d)
	}
	for _, column := range columns {
		if named {
			column = name + " " + column
		}
		header = append(header, visible.Line(column))
	}
	return header
}

// list draws a line for each cell, with values of at most so many characters; 0: as they are.
func (t Text) list(s *Scenario, most int) string {
	w := newTable()
	short := func(value string) string {
		value = visible.Line(value)
		if most > 0 {
			value = clip(value, most)
		}
		return value
	}
	header := table.Row{}
	for _, axis := range s.Axes {
		header = append(header, short(axis))
	}
	w.AppendHeader(append(header, "verdict"))
	for i := range s.Cells {
		c := &s.Cells[i]
		if len(c.settings) != len(s.Axes) {
			continue
		}
		row := table.Row{}
		for _, x := range c.settings {
			row = append(row, short(x.Value))
		}
		w.AppendRow(append(row, t.cell(c)))
	}
	return w.Render()
}

// cell says how a cell came out; a dash is one that is excluded.
func (t Text) cell(c *Cell) string {
	if c == nil {
		return "–"
	}
	word := string(c.Verdict)
	if c.Runs > 1 && c.Passed < c.Runs && c.Verdict != run.Interrupted {
		word += fmt.Sprintf(" %d/%d", c.Runs-c.Passed, c.Runs)
	}
	return string(t.paint(colorOf(c.Verdict), word))
}
