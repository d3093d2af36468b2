package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fatih/color"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/run"
)

// Campaign is what the runs of one scenario came to together: its cells and its seeds.
type Campaign struct {
	Scenario     string      `json:"scenario"`
	File         string      `json:"file"`
	Mode         string      `json:"mode"`
	Verdict      run.Verdict `json:"verdict"`
	ExitCode     int         `json:"exit_code"`
	Runs         int         `json:"runs"`
	Passed       int         `json:"passed"`
	Axes         []string    `json:"axes,omitempty"` // of the matrix
	Cells        []Cell      `json:"cells"`          // one where there is no matrix
	FailingSeeds []uint64    `json:"failing_seeds,omitempty"`
	NeverSeen    []Failure   `json:"never_seen,omitempty"` // each sometimes that was true in no run
	failures     []run.Failure
}

// Cell is a cell of a campaign: all its seeds.
type Cell struct {
	Values       map[string]string `json:"values,omitempty"`
	Verdict      run.Verdict       `json:"verdict"`
	Runs         int               `json:"runs"`
	Passed       int               `json:"passed"`
	FailingSeeds []uint64          `json:"failing_seeds,omitempty"`
	Repeat       string            `json:"repeat,omitempty"` // the command that repeats the first run that did not pass
	settings     []lang.Setting
}

// NewCampaign puts the results of one scenario's runs together, in the order of the runs. repeat returns the
// command that repeats the i-th.
func NewCampaign(results []run.Result, repeat func(i int) string) Campaign {
	first := results[0]
	c := Campaign{Scenario: first.Scenario, File: first.File, Mode: first.Mode, Verdict: run.Skipped, failures: run.NeverSeen(results)}
	for _, s := range first.Cell {
		c.Axes = append(c.Axes, s.Name)
	}
	cells := map[string]int{}
	for i, r := range results {
		key := lang.CellText(r.Cell)
		at, ok := cells[key]
		if !ok {
			at = len(c.Cells)
			cells[key] = at
			c.Cells = append(c.Cells, Cell{Values: values(r.Cell), Verdict: run.Skipped, settings: r.Cell})
		}
		c.Runs++
		c.Verdict = c.Verdict.Worse(r.Verdict)
		if c.Cells[at].add(r, func() string { return repeat(i) }) {
			c.Passed++
		} else if !slices.Contains(c.FailingSeeds, r.Seed) {
			c.FailingSeeds = append(c.FailingSeeds, r.Seed)
		}
	}
	slices.Sort(c.FailingSeeds)
	for _, f := range c.failures {
		c.Verdict = c.Verdict.Worse(f.Verdict)
		c.NeverSeen = append(c.NeverSeen, Failure{Position: f.Pos.String(), Step: f.Step, Verdict: f.Verdict, Message: f.Message})
	}
	c.ExitCode = c.Verdict.ExitCode()
	return c
}

// Never returns the failures that only all runs together have.
func (c Campaign) Never() []run.Failure { return c.failures }

func values(cell []lang.Setting) map[string]string {
	all := map[string]string{}
	for _, s := range cell {
		all[s.Name] = s.Value
	}
	return all
}

// add counts a run; passed also where it was skipped.
func (c *Cell) add(r run.Result, repeat func() string) (passed bool) {
	c.Runs++
	c.Verdict = c.Verdict.Worse(r.Verdict)
	if r.Verdict == run.Pass || r.Verdict == run.Skipped {
		c.Passed++
		return true
	}
	if c.Repeat == "" {
		c.Repeat = repeat()
	}
	c.FailingSeeds = append(c.FailingSeeds, r.Seed)
	return false
}

// Campaign writes what the runs came to together: the table of a matrix, the seeds that failed, and what was
// never seen.
func (t Text) Campaign(c Campaign) error {
	var b strings.Builder
	if len(c.Axes) > 0 {
		fmt.Fprintf(&b, "\n%s\n%s\n", t.paint(color.Bold, printable(c.Scenario)), t.matrix(c))
	}
	if len(c.FailingSeeds) > 0 && c.Runs > len(c.Cells) {
		fmt.Fprintf(&b, "\nfailing seeds of %s: %s\n", printable(c.Scenario), seeds(c.FailingSeeds))
	}
	for _, cell := range c.Cells {
		if cell.Repeat != "" && (len(c.Axes) > 0 || c.Runs > 1) {
			fmt.Fprintf(&b, "to repeat the first%s: %s\n", of(cell.settings), cell.Repeat)
		}
	}
	for _, f := range c.failures {
		fmt.Fprintf(&b, "\n%s %s: %s\n", t.paint(colorOf(f.Verdict), strings.ToUpper(string(f.Verdict))), f.Pos, printable(f.Message))
	}
	_, err := io.WriteString(t.W, b.String())
	return err
}

func of(cell []lang.Setting) string {
	if len(cell) == 0 {
		return ""
	}
	return " of " + lang.CellText(cell)
}

// manySeeds is how many seeds a line lists.
const manySeeds = 20

func seeds(failing []uint64) string {
	words := make([]string, 0, manySeeds)
	for _, s := range failing[:min(len(failing), manySeeds)] {
		words = append(words, fmt.Sprint(s))
	}
	if more := len(failing) - manySeeds; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(words, ", "), more)
	}
	return strings.Join(words, ", ")
}

// matrix draws the compatibility table: a row for each combination of all axes but the last, whose values are the columns.
func (t Text) matrix(c Campaign) string {
	last := len(c.Axes) - 1
	var columns []string
	rows := map[string]map[string]*Cell{}
	var order [][]lang.Setting
	for i := range c.Cells {
		cell := &c.Cells[i]
		if len(cell.settings) <= last {
			continue // of a run that was lost before it knew
		}
		key, column := lang.CellText(cell.settings[:last]), cell.settings[last].Value
		if !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
		if rows[key] == nil {
			rows[key] = map[string]*Cell{}
			order = append(order, cell.settings[:last])
		}
		rows[key][column] = cell
	}
	w := table.NewWriter()
	w.SetStyle(table.StyleLight)
	w.Style().Options.DrawBorder = false
	w.Style().Format.Header = text.FormatDefault
	header := table.Row{}
	for _, axis := range c.Axes[:last] {
		header = append(header, axis)
	}
	if last == 0 {
		header = append(header, "")
	}
	for _, column := range columns {
		header = append(header, c.Axes[last]+" "+column)
	}
	w.AppendHeader(header)
	for _, settings := range order {
		row := table.Row{}
		for _, s := range settings {
			row = append(row, printable(s.Value))
		}
		if last == 0 {
			row = append(row, "")
		}
		for _, column := range columns {
			row = append(row, t.cell(rows[lang.CellText(settings)][column]))
		}
		w.AppendRow(row)
	}
	return w.Render()
}

// cell says how a cell came out; a dash is one that is excluded.
func (t Text) cell(c *Cell) string {
	if c == nil {
		return "–"
	}
	word := string(c.Verdict)
	if c.Runs > 1 && c.Passed < c.Runs {
		word += fmt.Sprintf(" (%d of %d passed)", c.Passed, c.Runs)
	}
	return t.paint(colorOf(c.Verdict), word)
}
