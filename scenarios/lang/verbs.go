package lang

import (
	"fmt"
	"reflect"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// The long forms of verbs that have a short one, as the file has them.
type (
	powerForm struct {
		Keys  Keys      `yaml:"-"`
		Cut   *FlashCut `yaml:"cut"`   // the power goes inside a flash write to come
		Cycle *Duration `yaml:"cycle"` // off for that long, then on
	}
	driveForm struct {
		Level string    `yaml:"level" jsonschema:"required,enum=high,enum=low"` // the level of the pulse
		For   *Duration `yaml:"for"`                                            // how long the pulse is; without it the level stays
		Count *int      `yaml:"count" jsonschema:"minimum=1"`                   // how many pulses; default 1
		Every *Duration `yaml:"every"`                                          // from the start of one pulse to the start of the next; default twice for
	}
	pressForm struct {
		For   *Duration `yaml:"for" jsonschema:"required"`    // how long it is held
		Count *int      `yaml:"count" jsonschema:"minimum=1"` // how often; default 1
		Every *Duration `yaml:"every"`                        // from the start of one press to the start of the next; default twice for
	}
)

// word reads the short form: one of words.
func (d *decoder) word(n *yaml.Node, path string, words ...string) string {
	t, ok := d.scalar(n, path)
	if !ok {
		return ""
	}
	for _, w := range words {
		if t.text == w {
			return w
		}
	}
	d.fault(n, path, fmt.Sprintf("unknown value %q", shorten(t.text)), diag.DidYouMean(t.text, words))
	return ""
}

func powerWords() []string { return []string{"on", "off", "cycle", "cut"} }
func driveWords() []string { return []string{"high", "low", "release"} }
func stateWords() []string { return []string{"up", "down"} }

func (a *PowerAction) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	a.Pos = d.position(n)
	if n.Kind != yaml.MappingNode {
		a.Action = d.word(n, path, powerWords()...)
		return
	}
	var form powerForm
	before := len(d.diags)
	d.structure(n, reflect.ValueOf(&form).Elem(), path)
	switch {
	case form.Cut != nil && form.Cycle != nil:
		d.fault(n, path, "cut and cycle exclude each other", "")
	case form.Cut != nil:
		a.Action, a.Cut = "cut", form.Cut
	case form.Cycle != nil:
		a.Action, a.Off = "cycle", &form.Cycle.Duration
	case len(d.diags) == before:
		d.fault(n, path, "is empty", "as in {cycle: 2s} or {cut: {flash_write: 17, byte: 3}}")
	}
}

func (p *PinDrive) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	p.Pos = d.position(n)
	if n.Kind != yaml.MappingNode {
		p.Level = d.word(n, path, driveWords()...)
		return
	}
	var form driveForm
	d.structure(n, reflect.ValueOf(&form).Elem(), path)
	p.Level = form.Level
	if form.For != nil {
		p.For = &form.For.Duration
	} else if form.Count != nil || form.Every != nil {
		d.fault(n, path, "count and every need for", "as in {level: low, for: 200ms, count: 3, every: 1s}")
	}
	p.Count, p.Every = d.pulses(n, path, form.For, form.Count, form.Every)
}

func (p *PinPress) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	p.Pos = d.position(n)
	if n.Kind != yaml.MappingNode {
		var held Duration
		held.decode(d, n, path, nil)
		p.For = held.Duration
		return
	}
	var form pressForm
	d.structure(n, reflect.ValueOf(&form).Elem(), path)
	if form.For != nil {
		p.For = form.For.Duration
	}
	p.Count, p.Every = d.pulses(n, path, form.For, form.Count, form.Every)
}

// pulses checks that the pulses do not overlap.
func (d *decoder) pulses(n *yaml.Node, path string, length *Duration, count *int, every *Duration) (int, *time.Duration) {
	times := 0
	if count != nil {
		times = *count
	}
	if every == nil {
		return times, nil
	}
	if length != nil && every.Duration <= length.Duration && length.Duration > 0 {
		d.diags.Add(every.Pos, join(path, "every"), fmt.Sprintf("every %v leaves no pause between pulses of %v", every.Duration, length.Duration), "every is counted from start to start")
	}
	if count == nil {
		d.fault(n, path, "every needs count", "as in {for: 200ms, count: 3, every: 1s}")
	}
	return times, &every.Duration
}

// networkChange is NetworkChange without its decode method.
type networkChange NetworkChange

func (c *NetworkChange) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	c.Pos = d.position(n)
	if n.Kind != yaml.MappingNode {
		c.State = d.word(n, path, stateWords()...)
		return
	}
	before := len(d.diags)
	d.structure(n, reflect.ValueOf((*networkChange)(c)).Elem(), path)
	c.Pos = d.position(n)
	if _, changes := c.Keys.first("state", "latency", "jitter", "loss", "rate", "limit", "uplink", "downlink"); !changes && len(d.diags) == before {
		d.fault(n, path, "changes nothing", "as in {state: down, for: 90s} or {latency: 2s}")
	}
}
