package lang

import (
	"fmt"
	"regexp"
	"strings"
)

// ID stands for the device's name in a kind's identity and metrics.
const ID = "{id}"

func (k *Kind) check(d *decoder, _ mapping) {
	taken := map[string]string{"powered": "a built-in property"} // device.NAME in an expression is one thing
	for _, name := range k.BuiltinMetrics() {
		taken[name] = "a built-in metric"
	}
	for _, p := range k.Pins {
		d.claim(taken, Named[string]{Pos: p.Pos, Name: p.Name, Value: "a pin"}, "pins")
	}
	for _, s := range k.Sensors {
		d.claim(taken, Named[string]{Pos: s.Pos, Name: s.Name, Value: "a sensor"}, "sensors")
	}
	for _, m := range k.Mutants {
		if _, ok := k.Firmware.Get(m.Name); ok {
			d.diags.Add(m.Pos, join("mutants", m.Name), m.Name+" is also a version of the firmware", "a mutant has a name of its own")
		}
	}
	for _, m := range k.Metrics {
		if builtin, ok := Builtin(m.Name); ok && builtin.Own && taken[m.Name] == "a built-in metric" {
			delete(taken, m.Name)
		}
		d.claim(taken, Named[string]{Pos: m.Pos, Name: m.Name, Value: "a metric"}, "metrics")
		if m.Value.Console != nil && k.Console == nil {
			d.diags.Add(m.Value.Console.Pos, "metrics."+m.Name+".console", "the kind has no console", "console: {baud: 115200}")
		}
		if m.Value.MQTT != "" && k.Payload == "raw" {
			d.diags.Add(m.Value.Keys.At("mqtt", m.Value.Pos), "metrics."+m.Name+".mqtt", "raw payloads have no fields to take a metric from", "payload: json, cbor or msgpack; or a metric from the console")
		}
	}
}

// claim reports a name that something else of the kind has already.
func (d *decoder) claim(taken map[string]string, n Named[string], path string) {
	if by, ok := taken[n.Name]; ok {
		d.diags.Add(n.Pos, join(path, n.Name), fmt.Sprintf("%s is also %s", n.Name, by), "an expression could not tell them apart")
		return
	}
	taken[n.Name] = n.Value
}

func (b *Build) check(d *decoder, at mapping) {
	switch has := at.keys.among("go", "wasm"); {
	case len(has) == 0 && at.clean:
		d.diags.Add(at.pos, at.path, "the build names no firmware", "go: NAME for Go firmware, wasm: FILE for a WebAssembly module")
	case len(has) == 2:
		at.add(d, "wasm", "a build is Go or WebAssembly, not both", "each is a version of its own")
	}
}

func (p *Pin) check(d *decoder, at mapping) {
	for _, key := range at.keys.among("pull", "active") {
		if p.Direction == "out" {
			at.add(d, key, key+" is for a pin that the device reads", "direction: in?")
		}
	}
}

// The defaults of NOR flash, in bytes.
const (
	DefaultEraseBlock       = 4096
	DefaultWriteGranularity = 4
)

func (r *Resources) check(d *decoder, at mapping) {
	if r.RAM != nil && r.RAM.Bytes < 1 && !d.faulty(join(at.path, "ram")) {
		at.add(d, "ram", "a device has at least 1B of RAM", "leave it out for no limit")
	}
	if r.Flash == nil {
		for _, key := range at.keys.among("erase_block", "wear", "write_granularity") {
			at.add(d, key, key+" needs flash", "as in {flash: 64KiB, "+key+": …}")
		}
		return
	}
	block, granularity := int64(DefaultEraseBlock), int64(DefaultWriteGranularity)
	if r.EraseBlock != nil {
		block = r.EraseBlock.Bytes
	}
	if r.WriteGranularity != nil {
		granularity = int64(*r.WriteGranularity)
	}
	switch {
	case d.faulty(at.path): // what follows would be an echo
	case block < 1:
		at.add(d, "erase_block", "an erase block has at least 1B", "")
	case r.Flash.Bytes < 1 || r.Flash.Bytes%block != 0:
		at.add(d, "flash", fmt.Sprintf("%d bytes of flash are not a whole number of erase blocks of %d bytes", r.Flash.Bytes, block), "")
	case block%granularity != 0:
		at.add(d, "write_granularity", fmt.Sprintf("an erase block of %d bytes is not a multiple of %d", block, granularity), "")
	}
}

func (i *Identity) check(d *decoder, at mapping) {
	for _, key := range []string{"client_id", "username"} {
		text := map[string]string{"client_id": i.ClientID, "username": i.Username}[key]
		if at.keys.Has(key) && text == "" {
			at.add(d, key, "is empty", "")
		}
		at.addError(d, key, checkTemplate(text))
	}
	for _, topic := range i.Topics {
		d.checkTemplatedFilter(topic, join(at.path, "topics"))
	}
}

func (d *decoder) checkTemplatedFilter(topic Scalar, path string) {
	err := checkTemplate(topic.Text)
	if err == nil {
		err = CheckFilter(topic.Text)
	}
	d.addError(topic.Pos, path, err)
}

// checkTemplate reports names in braces other than {id}.
func checkTemplate(s string) error {
	for _, name := range regexp.MustCompile(`\{[^{}]*\}`).FindAllString(s, -1) {
		if name != ID {
			return &unitError{fmt.Sprintf("%s is unknown", shorten(name)), ID + " is the device's name"}
		}
	}
	return nil
}

// Expand puts the device's name in the place of {id}.
func Expand(template, id string) string { return strings.ReplaceAll(template, ID, id) }

func (m *MetricRule) check(d *decoder, at mapping) {
	at.exactlyOne(d, "mqtt", "console")
	if at.keys.Has("json") && !at.keys.Has("mqtt") {
		at.add(d, "json", "json does not go with console", "the first group of console is the value")
	}
	if at.keys.Has("mqtt") {
		d.checkTemplatedFilter(Scalar{Text: m.MQTT, Pos: at.keys.At("mqtt", at.pos)}, join(at.path, "mqtt"))
	}
	if m.Console != nil && m.Console.NumSubexp() != 1 {
		at.add(d, "console", fmt.Sprintf("the expression has %d groups", m.Console.NumSubexp()), `exactly one, which is the value, as in reset=(\w+)`)
	}
}
