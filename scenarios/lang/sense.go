package lang

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// SenseValue is what a sensor measures from now on: a value in the unit that the kind declares; stuck,
// dropout or out of range, which are faults, until ok; or a mapping.
type SenseValue struct {
	Pos     diag.Position
	Value   *float64       // stays
	Ramp    *Ramp          // goes from one value to another
	Wave    *Wave          // swings between two values
	File    *Recording     // plays what a file has
	Noise   *float64       // standard deviation of what is read; nil: as it is
	Fault   string         // ok, stuck, dropout, nan, high or low; "": as it is
	For     *time.Duration // with a fault: how long; nil: until ok
	Written string         // the value as the file has it, in one line
}

// Ramp goes from From to To in Over, and stays there.
type Ramp struct {
	From, To float64
	Over     time.Duration
}

// Wave swings between two values, forever. It begins at the lower one.
type Wave struct {
	Pos     diag.Position `yaml:"-"`
	Keys    Keys          `yaml:"-"`
	Between []float64     `yaml:"between" jsonschema:"required"`                          // the lowest and the highest value
	Period  *Duration     `yaml:"period" jsonschema:"required"`                           // from one lowest value to the next; at least 100ms
	Shape   string        `yaml:"shape" jsonschema:"enum=sine,enum=square,enum=triangle"` // default sine
}

// Recording is a CSV file with a column time (seconds, or a duration such as 90s) and columns of values.
type Recording struct {
	Name    string // the file, relative to the one that names it
	Pos     diag.Position
	Column  string // "": the only one beside time, or value
	Steps   bool   // values hold until the next one
	Repeat  bool
	Samples []Sample // package plan reads them
}

// Sample is a line of a Recording.
type Sample struct {
	At    time.Duration
	Value float64
	Pos   diag.Position // of the value
}

// senseForm is the long form of SenseValue.
type senseForm struct {
	Keys        Keys      `yaml:"-"`
	Value       *float64  `yaml:"value"`                                           // a value that stays
	Ramp        []float64 `yaml:"ramp"`                                            // from the first value to the second at an even pace, where it stays
	Over        *Duration `yaml:"over"`                                            // how long the ramp takes
	Wave        *Wave     `yaml:"wave"`                                            // swings between two values
	File        string    `yaml:"file"`                                            // CSV file with a column time, in seconds or as 90s, and columns of values
	Column      string    `yaml:"column"`                                          // of the file; default: value, or the only one beside time
	Interpolate string    `yaml:"interpolate" jsonschema:"enum=linear,enum=steps"` // between the lines of the file; default linear
	Repeat      bool      `yaml:"repeat"`                                          // the file begins again at the time of its last line
	Noise       *float64  `yaml:"noise" jsonschema:"minimum=0"`                    // standard deviation of what is read, until another noise; alone it keeps the rest
	Stuck       *bool     `yaml:"stuck"`                                           // true: what is read stays as it is now
	Dropout     string    `yaml:"dropout" jsonschema:"enum=nack,enum=nan"`         // nack: the sensor does not answer; nan: it reads as NaN (not with a part)
	OutOfRange  string    `yaml:"out_of_range" jsonschema:"enum=high,enum=low"`    // reads as beyond what the sensor can measure
	For         *Duration `yaml:"for"`                                             // with stuck, dropout and out_of_range: how long; default: until ok
}

// The words of sense, and what they mean.
func senseWords() []string { return []string{"ok", "stuck", "dropout", "out of range"} }

// senseSubjects are the keys of which exactly one is there, unless noise stands alone.
func senseSubjects() []string {
	return []string{"value", "ramp", "wave", "file", "stuck", "dropout", "out_of_range"}
}

func senseFaults() []string { return []string{"stuck", "dropout", "out_of_range"} }

func (s *SenseValue) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	s.Pos, s.Written = d.position(n), flow(n, 0)
	if n.Kind == yaml.MappingNode {
		s.form(d, n, path)
		return
	}
	t, ok := d.scalar(n, path)
	if !ok {
		return
	}
	if t.isText() && !isNumber(t.text) && strings.Trim(t.text, "abcdefghijklmnopqrstuvwxyz ") == "" {
		s.Fault = d.word(n, path, senseWords()...)
		if s.Fault == "out of range" {
			s.Fault = "high"
		}
		return
	}
	if v, ok := d.number(n, t, path); ok {
		s.Value = &v
	}
}

func (s *SenseValue) form(d *decoder, n *yaml.Node, path string) {
	var form senseForm
	before := len(d.diags)
	d.structure(n, reflect.ValueOf(&form).Elem(), path)
	at := mapping{node: n, pos: d.position(n), path: path, keys: form.Keys, clean: len(d.diags) == before}
	s.Value, s.Noise = form.Value, form.Noise
	s.subject(d, &form, at)
	s.fault(d, &form, at)
	if form.Ramp != nil {
		s.Ramp = form.ramp(d, at)
	}
	s.Wave = form.Wave
	if form.Keys.Has("file") {
		s.File = form.recording(d, at)
	}
}

// subject checks that the mapping says one thing.
func (s *SenseValue) subject(d *decoder, form *senseForm, at mapping) {
	found := form.Keys.among(senseSubjects()...)
	switch {
	case len(found) > 1:
		at.add(d, found[1], found[0]+" and "+found[1]+" exclude each other", "")
	case len(found) == 0 && at.clean && form.Noise == nil:
		d.diags.Add(at.pos, at.path, "changes nothing", "one of "+strings.Join(append(senseSubjects(), "noise"), ", "))
	}
	for _, pair := range [][2]string{{"over", "ramp"}, {"column", "file"}, {"interpolate", "file"}, {"repeat", "file"}} {
		if form.Keys.Has(pair[0]) && !form.Keys.Has(pair[1]) && at.clean {
			at.add(d, pair[0], pair[0]+" needs "+pair[1], "")
		}
	}
}

func (s *SenseValue) fault(d *decoder, form *senseForm, at mapping) {
	faults := form.Keys.among(senseFaults()...)
	if form.For != nil {
		s.For = &form.For.Duration
		if len(faults) == 0 && at.clean {
			at.add(d, "for", "for is the length of a fault", "over is that of a ramp; a value stays")
		}
		if form.For.Duration == 0 {
			d.positive(form.For.Pos, join(at.path, "for"), "a fault")
		}
	}
	if len(faults) == 0 {
		return
	}
	if form.Noise != nil {
		at.add(d, "noise", "noise does not go with "+faults[0], "say it in a step before")
	}
	switch {
	case form.Stuck != nil:
		s.Fault = "stuck"
		if !*form.Stuck {
			at.add(d, "stuck", "must be true", "ok ends it")
		}
	case form.Dropout == "nan":
		s.Fault = "nan"
	case form.Dropout != "":
		s.Fault = "dropout"
	default:
		s.Fault = form.OutOfRange
	}
}

func (f *senseForm) ramp(d *decoder, at mapping) *Ramp {
	r := &Ramp{}
	switch {
	case len(f.Ramp) != 2:
		if !d.faulty(join(at.path, "ramp")) {
			at.add(d, "ramp", fmt.Sprintf("a ramp has 2 values, not %d", len(f.Ramp)), "from and to, as in {ramp: [20, 35], over: 10m}")
		}
		return nil
	case f.Over == nil:
		if at.clean {
			at.add(d, "ramp", "a ramp needs over", "how long it takes, as in {ramp: [20, 35], over: 10m}")
		}
		return nil
	case f.Over.Duration == 0:
		d.positive(f.Over.Pos, join(at.path, "over"), "a ramp")
	}
	r.From, r.To, r.Over = f.Ramp[0], f.Ramp[1], f.Over.Duration
	return r
}

// minPeriod keeps the events of a wave, two a period, from standing in for time.
const minPeriod = 100 * time.Millisecond

func (w *Wave) check(d *decoder, at mapping) {
	if at.keys.Has("between") && !d.faulty(join(at.path, "between")) && (len(w.Between) != 2 || w.Between[0] >= w.Between[1]) {
		at.add(d, "between", "between has 2 values, the lowest first", "as in [18, 22]")
	}
	if w.Period != nil && w.Period.Duration < minPeriod && !d.faulty(join(at.path, "period")) {
		at.add(d, "period", fmt.Sprintf("a period of %v is too short", w.Period.Duration), fmt.Sprintf("at least %v", minPeriod))
	}
}

func (f *senseForm) recording(d *decoder, at mapping) *Recording {
	if f.File == "" && !d.faulty(join(at.path, "file")) {
		at.add(d, "file", "names no file", "")
	}
	return &Recording{Name: f.File, Pos: at.keys.At("file", at.pos), Column: f.Column, Steps: f.Interpolate == "steps", Repeat: f.Repeat}
}

func (*SenseValue) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.define("SenseValue", func() *jsonschema.Schema {
		word := g.orVariable(&jsonschema.Schema{Type: "string", Enum: anys(senseWords())})
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{g.number("number", nil), word, g.of(reflect.TypeFor[senseForm](), nil)}, Description: g.comments["SenseValue"]}
	})
}

func (*senseForm) extend(s *jsonschema.Schema) {
	one := exactlyOneOf(senseSubjects()...)
	alone := &jsonschema.Schema{Required: []string{"noise"}, Not: &jsonschema.Schema{AnyOf: one}}
	s.OneOf = append(exactlyOneOf(senseSubjects()...), alone)
	s.DependentRequired = map[string][]string{"ramp": {"over"}, "over": {"ramp"}, "column": {"file"}, "interpolate": {"file"}, "repeat": {"file"}}
	s.AllOf = []*jsonschema.Schema{needs("for", senseFaults()...)}
	for _, fault := range senseFaults() {
		s.AllOf = append(s.AllOf, notBoth("noise", fault))
	}
}
