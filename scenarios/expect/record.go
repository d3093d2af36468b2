package expect

import (
	"errors"
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// recordRule is one value that a record step notes.
type recordRule struct {
	name string
	expr *expression
	pos  diag.Position
}

// Record is a value that a record step noted.
type Record struct {
	Name  string
	Pos   diag.Position
	Value any    // float64, int, string, bool or a list; nil where it was not known
	Why   string // why it was not known
}

func (c *programCompiler) record(s *lang.Step, path string) {
	for i := range s.Record {
		entry := &s.Record[i]
		if x := c.scope.compileExpr(&entry.Value, path+"."+entry.Name, exprUse{value: true}, &c.faults); x != nil {
			c.program.records[s] = append(c.program.records[s], recordRule{name: entry.Name, expr: x, pos: entry.Pos})
		}
	}
}

// Records evaluates what a record step notes. The error is where values do not go together.
func (p *Program) Records(step *lang.Step, h *History, now time.Duration) ([]Record, error) {
	var list []Record
	for _, rule := range p.records[step] {
		r := Record{Name: rule.name, Pos: rule.pos}
		value, err := rule.expr.value(h, now)
		var unseen errNotSeen
		switch {
		case errors.As(err, &unseen):
			r.Why = err.Error()
		case err != nil:
			return nil, fmt.Errorf("expect: %s: record: %w", rule.pos, err)
		}
		r.Value = value
		list = append(list, r)
	}
	return list, nil
}
