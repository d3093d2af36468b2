package lang

import (
	"errors"
	"fmt"
	"strings"

	"github.com/twinrig/twinrig/internal/diag"
)

// Verbs returns the verbs of a step, in the order of the documentation.
func Verbs() []string {
	return []string{"power", "reset", "drive", "press", "sense", "send", "publish", "network", "broker", "fault", "wait", "repeat", "parallel", "each", "sweep", "include", "expect", "measure", "record"}
}

// Here is the name of `since: here`; no step can be called so.
const Here = "here"

// Backend is the publisher of `publish` that is no device; no device can be called so.
const Backend = "backend"

// add reports a fault at the value of a key.
func (m mapping) add(d *decoder, key, message, hint string) {
	d.diags.Add(m.keys.At(key, m.pos), join(m.path, key), message, hint)
}

// addError reports err, if there is one, at the value of a key.
func (m mapping) addError(d *decoder, key string, err error) {
	d.addError(m.keys.At(key, m.pos), join(m.path, key), err)
}

// addError reports err, if there is one.
func (d *decoder) addError(pos diag.Position, path string, err error) {
	if bad := (*unitError)(nil); errors.As(err, &bad) {
		d.diags.Add(pos, path, bad.message, bad.hint)
	} else if err != nil {
		d.diags.Add(pos, path, err.Error(), "")
	}
}

func (s *Scenario) check(d *decoder, _ mapping) {
	for _, device := range s.Devices {
		if device.Name == Backend {
			d.diags.Add(device.Pos, "devices", "a device cannot be called backend", "that is who publishes unless publish.as says otherwise")
		}
		if device.Name == AllDevices {
			d.diags.Add(device.Pos, "devices", "a device cannot be called all", "that is every device in a broker step")
		}
	}
}

func (s *Step) check(d *decoder, at mapping) {
	s.Text, s.Bound = stepText(at.node)+d.boundText(), d.bound
	switch verbs := at.keys.among(Verbs()...); {
	case len(verbs) == 0 && at.clean:
		d.diags.Add(at.pos, at.path, "the step has no verb", "one of "+strings.Join(Verbs(), ", "))
	case len(verbs) > 1:
		d.diags.Add(at.pos, at.path, "a step has one verb, not "+strings.Join(verbs, " and "), "each is a step of its own")
	}
	if extra := at.keys.among("name", "when", "timeout", "retry"); at.keys.Has("include") && len(extra) > 0 {
		at.add(d, extra[0], extra[0]+" does not go with include", "the included steps have their own")
	}
	if at.keys.Has("include") && s.Include == "" && !d.faulty(join(at.path, "include")) {
		at.add(d, "include", "names no file", "")
	}
	if at.keys.Has("name") && (s.Name == Here || strings.TrimSpace(s.Name) == "") {
		at.add(d, "name", fmt.Sprintf("a step cannot be called %q", s.Name), "")
	}
	for _, press := range s.Press {
		if press.Value.For == 0 {
			d.positive(press.Value.Pos, join(at.path, "press."+press.Name), "a press")
		}
	}
	for _, drive := range s.Drive {
		if drive.Value.For != nil && *drive.Value.For == 0 {
			d.positive(drive.Value.Pos, join(at.path, "drive."+drive.Name), "a pulse")
		}
	}
	if s.Measure != nil && s.Expect == nil {
		s.Expect = s.Measure.expect()
		s.Expect.checkWindow(d, join(at.path, "measure"))
	} else if s.Expect != nil {
		s.Expect.checkWindow(d, join(at.path, "expect"))
	}
	s.checkStructure(d, at)
}

// positive reports a length of zero, unless the length was at fault already.
func (d *decoder) positive(pos diag.Position, path, what string) {
	if !d.faulty(path) {
		d.diags.Add(pos, path, what+" takes longer than 0s", "")
	}
}

// exactlyOne reports where not exactly one of some keys is there.
func (m mapping) exactlyOne(d *decoder, keys ...string) {
	switch found := m.keys.among(keys...); {
	case len(found) > 1:
		m.add(d, found[1], strings.Join(found, " and ")+" exclude each other", "")
	case len(found) == 0 && m.clean:
		last := len(keys) - 1
		d.diags.Add(m.pos, m.path, "one of "+strings.Join(keys[:last], ", ")+" and "+keys[last]+" is missing", "")
	}
}

func (s *Send) check(d *decoder, at mapping) {
	at.exactlyOne(d, "line", "bytes")
	if s.Line != nil && strings.ContainsAny(*s.Line, "\r\n") {
		at.add(d, "line", "a line has no line end in it", "bytes sends anything as it is")
	}
	if s.Bytes != nil && *s.Bytes == "" {
		at.add(d, "bytes", "is empty", "")
	}
}

func (p *Publish) check(d *decoder, at mapping) {
	at.exactlyOne(d, "json", "payload", "hex")
	if at.keys.Has("topic") {
		at.addError(d, "topic", CheckTopic(p.Topic))
	}
}
