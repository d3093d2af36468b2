package broker

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// Disturbance is something that the broker does wrong on purpose, from when it is asked to until Lift.
// Of several that concern the same packet the newest counts.
type Disturbance struct {
	b       *Broker
	kind    byte     // the packet: packets.Connect (refused), Connack, Puback…
	devices []string // nil: all
	reason  packets.Code
	by      time.Duration // 0: never
	touched atomic.Int64
}

// Touched returns how many packets it concerned so far.
func (d *Disturbance) Touched() int64 { return d.touched.Load() }

// Lift ends it. What it held back for a time still comes then; what it withheld never comes.
func (d *Disturbance) Lift() {
	d.b.mu.Lock()
	defer d.b.mu.Unlock()
	d.b.disturbances = slices.DeleteFunc(d.b.disturbances, func(x *Disturbance) bool { return x == d })
}

// answers are the packets of the broker that can be withheld or delayed, by their names in the language.
func answers() map[string]byte {
	return map[string]byte{"connack": packets.Connack, "puback": packets.Puback, "pubrec": packets.Pubrec, "pubcomp": packets.Pubcomp,
		"suback": packets.Suback, "pingresp": packets.Pingresp}
}

// Refuse answers the CONNECTs of the devices (nil: of all clients) with a reason code of MQTT 5 and its
// name; 3.1.1 knows five, and gets the nearest.
func (b *Broker) Refuse(devices []string, code byte, name string) *Disturbance {
	return b.disturb(&Disturbance{kind: packets.Connect, devices: devices, reason: packets.Code{Code: code, Reason: name}})
}

// Withhold never sends an answer (connack, puback, pubrec, pubcomp, suback or pingresp) to the devices
// (nil: to all clients). Without its CONNACK a connection stays silent until the client gives up.
func (b *Broker) Withhold(answer string, devices []string) *Disturbance {
	return b.disturb(&Disturbance{kind: answers()[answer], devices: devices})
}

// Delay sends an answer that much later, above 0, and the answers of its type in their order.
func (b *Broker) Delay(answer string, devices []string, by time.Duration) *Disturbance {
	return b.disturb(&Disturbance{kind: answers()[answer], devices: devices, by: by})
}

func (b *Broker) disturb(d *Disturbance) *Disturbance {
	d.b = b
	b.mu.Lock()
	defer b.mu.Unlock()
	b.disturbances = append(b.disturbances, d)
	return d
}

// disturbance returns what concerns a packet of, or to, a device; nil: nothing. The caller holds mu.
func (b *Broker) disturbance(kind byte, device string) *Disturbance {
	for _, d := range slices.Backward(b.disturbances) {
		if d.kind == kind && (d.devices == nil || slices.Contains(d.devices, device)) {
			return d
		}
	}
	return nil
}

// delayed is an answer on its way, by its type.
type delayed struct {
	kind byte
	due  time.Time
}

// meddle decides what becomes of a packet that the broker is about to write, and reports whether it is to
// be written now. An answer whose predecessor still waits comes after it [MQTT-4.6.0-2].
func (l *link) meddle(p []byte) (now bool) {
	kind := p[0] >> 4
	b := l.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.disturbances) == 0 && len(l.late) == 0 || kind == packets.Connack || kind == packets.Publish {
		return true
	}
	d := b.disturbance(kind, l.device)
	last := time.Time{}
	for _, x := range l.late {
		if x.kind == kind {
			last = x.due
		}
	}
	switch {
	case d == nil && last.IsZero():
		return true
	case d != nil && d.by == 0:
		d.touched.Add(1)
		l.emitHeld("withheld", kind, 0)
		return false
	}
	due := time.Now()
	if d != nil {
		d.touched.Add(1)
		l.emitHeld("delayed", kind, d.by)
		due = due.Add(d.by)
	}
	if due.Before(last) {
		due = last
	}
	l.late = append(l.late, delayed{kind, due})
	p = slices.Clone(p)
	b.cfg.Source.After(time.Until(due), vtime.Service, func() {
		b.mu.Lock()
		i := slices.IndexFunc(l.late, func(x delayed) bool { return x.kind == kind })
		l.late = slices.Delete(l.late, i, i+1)
		b.mu.Unlock()
		l.write(p) //nolint:errcheck // the connection may have ended meanwhile
	})
	return false
}

// emitHeld records that an answer is withheld or delayed.
func (l *link) emitHeld(what string, kind byte, by time.Duration) {
	name := ""
	for n, k := range answers() {
		if k == kind {
			name = n
		}
	}
	e := trace.Event{Device: l.device, Kind: trace.Broker, Name: name, Client: l.id, Cause: what}
	if by > 0 {
		e.Text = "by " + by.String()
	}
	l.b.emit(e)
}

// answerConnect withholds or delays the CONNACK, where that is asked for. An error ends the connection.
func (l *link) answerConnect() error {
	l.b.mu.Lock()
	d := l.b.disturbance(packets.Connack, l.device)
	l.b.mu.Unlock()
	if d == nil {
		return nil
	}
	d.touched.Add(1)
	if d.by > 0 {
		l.emitHeld("delayed", packets.Connack, d.by)
		l.pause(d.by)
		return nil
	}
	l.emitHeld("withheld", packets.Connack, 0)
	return l.hush()
}
