package lang

import (
	"reflect"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// BrokerAction is stop, start or restart; or what the broker does to devices: {kick: thermo}, {refuse: thermo, for: 1m},
// {withhold: puback, from: thermo, for: 20s}, {delay: puback, by: 5s}; allow and release end these.
type BrokerAction struct {
	Pos     diag.Position
	Action  string        // stop, start, restart, kick, refuse, allow, withhold, delay, release, rotate
	Devices OneOrMany     // devices and fleets; nil: all
	Answer  string        // withhold, delay, release: connack, puback, pubrec, pubcomp, suback or pingresp
	By      time.Duration // delay
	For     *Duration     // refuse, withhold, delay: nil: until it is lifted
	Code    *ReasonCode   // kick, refuse
	Rotate  *Credential   // rotate: the certificate from now on
}

// AllDevices names them all in a broker step; no device can be called so.
const AllDevices = "all"

// brokerForm is what the broker does to devices, as the file has it.
type brokerForm struct {
	Keys     Keys        `yaml:"-"`
	Kick     OneOrMany   `yaml:"kick" ref:"device"`                                                                                 // devices whose connection the broker closes, or all
	Refuse   OneOrMany   `yaml:"refuse" ref:"device"`                                                                               // devices whose CONNECTs the broker refuses from now on, or all; connections that exist stay
	Allow    OneOrMany   `yaml:"allow" ref:"device"`                                                                                // ends refuse for the same devices; all ends every one
	Withhold string      `yaml:"withhold" jsonschema:"enum=connack,enum=puback,enum=pubrec,enum=pubcomp,enum=suback,enum=pingresp"` // an answer that the broker does not send from now on; it never comes
	Delay    string      `yaml:"delay" jsonschema:"enum=connack,enum=puback,enum=pubrec,enum=pubcomp,enum=suback,enum=pingresp"`    // an answer that the broker sends later from now on, in order
	Release  string      `yaml:"release" jsonschema:"enum=connack,enum=puback,enum=pubrec,enum=pubcomp,enum=suback,enum=pingresp"`  // ends withhold and delay of this answer; without from: for whomever
	Rotate   *Credential `yaml:"rotate"`                                                                                            // another certificate of the broker, for TLS handshakes from now on; connections that exist stay
	By       *Duration   `yaml:"by"`                                                                                                // delay: how much later
	From     OneOrMany   `yaml:"from" ref:"device"`                                                                                 // withhold, delay, release: devices to whom the answers go; default: all
	For      *Duration   `yaml:"for"`                                                                                               // refuse, withhold, delay: it ends by itself after that time; the step does not wait
	Code     *ReasonCode `yaml:"code"`                                                                                              // kick, refuse: a reason code of MQTT 5, as a number or by its name; default: administrative action, server unavailable
}

func brokerWords() []string { return []string{"stop", "start", "restart"} }

func brokerVerbs() []string {
	return []string{"kick", "refuse", "allow", "withhold", "delay", "release", "rotate"}
}

// brokerKeys tells with which verbs a further key goes.
func brokerKeys() map[string][]string {
	return map[string][]string{"by": {"delay"}, "from": {"withhold", "delay", "release"}, "for": {"refuse", "withhold", "delay"}, "code": {"kick", "refuse"}}
}

func (b *BrokerAction) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	b.Pos = d.position(n)
	if n.Kind != yaml.MappingNode {
		switch n.Value {
		case "kick", "refuse", "allow":
			d.fault(n, path, n.Value+" needs a device", "as in {"+n.Value+": thermo}")
		case "withhold", "delay", "release":
			d.fault(n, path, n.Value+" needs an answer", "as in {"+n.Value+": puback}")
		default:
			b.Action = d.word(n, path, brokerWords()...)
		}
		return
	}
	var form brokerForm
	d.structure(n, reflect.ValueOf(&form).Elem(), path)
	for _, verb := range form.Keys.among(brokerVerbs()...) {
		b.Action = verb
	}
	b.Rotate = form.Rotate
	b.Devices, b.For, b.Code = form.From, form.For, form.Code
	for _, names := range []OneOrMany{form.Kick, form.Refuse, form.Allow} {
		if names != nil {
			b.Devices = names
		}
	}
	for _, name := range b.Devices {
		if name.Text == AllDevices {
			b.Devices = nil
			break
		}
	}
	b.Answer = form.Withhold + form.Delay + form.Release // one of them
	if form.By != nil {
		b.By = form.By.Duration
	}
}

func (f *brokerForm) check(d *decoder, at mapping) {
	switch verbs := at.keys.among(brokerVerbs()...); {
	case len(verbs) == 0 && at.clean:
		d.diags.Add(at.pos, at.path, "says nothing that the broker could do", "one of "+strings.Join(brokerVerbs(), ", "))
	case len(verbs) > 1:
		at.add(d, verbs[1], strings.Join(verbs, " and ")+" exclude each other", "each is a step of its own")
		return
	}
	for _, key := range at.keys.among("by", "from", "for", "code") {
		if verbs := brokerKeys()[key]; len(at.keys.among(verbs...)) == 0 {
			at.add(d, key, key+" goes with "+strings.Join(verbs, ", "), "")
		}
	}
	if at.keys.Has("delay") && !at.keys.Has("by") && at.clean {
		d.diags.Add(at.pos, at.path, "delay needs by", "as in {delay: puback, by: 5s}")
	}
	if f.By != nil && f.By.Duration == 0 {
		d.positive(f.By.Pos, join(at.path, "by"), "a delay")
	}
	if f.For != nil && f.For.Duration == 0 {
		d.positive(f.For.Pos, join(at.path, "for"), "it")
	}
	if f.Code != nil && f.Code.Code != 0 {
		if at.keys.Has("kick") && !f.Code.disconnect() {
			at.add(d, "code", f.Code.Name+" does not end a connection", "one of "+strings.Join(reasonNames(reason.disconnects), ", "))
		} else if at.keys.Has("refuse") && !f.Code.connack() {
			at.add(d, "code", f.Code.Name+" does not refuse a connection", "one of "+strings.Join(reasonNames(reason.refuses), ", "))
		}
	}
}

func (*brokerForm) extend(s *jsonschema.Schema) {
	s.OneOf = exactlyOneOf(brokerVerbs()...)
	for _, key := range []string{"by", "from", "for", "code"} {
		s.AllOf = append(s.AllOf, needs(key, brokerKeys()[key]...))
	}
	s.DependentRequired = map[string][]string{"delay": {"by"}}
}

func (*BrokerAction) schema(g *generator, _ *field) *jsonschema.Schema {
	return shortOr[brokerForm](g, "BrokerAction", brokerWords()...)
}
