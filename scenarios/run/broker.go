package run

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/broker"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// brokerLimits puts the limits of the file into the broker's words.
func brokerLimits(cfg *broker.Config, b *lang.Broker) {
	if b == nil || b.Limits == nil {
		return
	}
	rate := func(r *lang.Rate) broker.Rate {
		if r == nil {
			return broker.Rate{}
		}
		return broker.Rate{Count: r.Count, Per: r.Per}
	}
	l := b.Limits
	cfg.Limits = broker.Limits{Connects: rate(l.Connects), ConnectsPerClient: rate(l.ConnectsPerClient),
		MessageRate: rate(l.MessageRate), Disconnect: l.Excess == "disconnect"}
	if l.PacketSize != nil {
		cfg.PacketSize = uint32(l.PacketSize.Bytes)
	}
}

// disturbance is what the broker does wrong on purpose, from its step to its end.
type disturbance struct {
	*broker.Disturbance
	action  string // refuse, withhold or delay
	answer  string // "" for refuse
	devices string // as the step names them
	expiry  *vtime.Timer
}

// subject names the disturbance in events, and among those under way.
func (d *disturbance) subject() string {
	if d.action == "refuse" {
		return "refuse " + d.devices
	}
	return d.action + " " + d.answer + " from " + d.devices
}

func (r *runner) brokerAction(a *lang.BrokerAction) *Failure {
	switch a.Action {
	case "kick":
		return r.kick(a)
	case "refuse", "withhold", "delay":
		return r.disturb(a)
	case "allow", "release":
		return r.undisturb(a)
	case "rotate":
		return r.rotate(a)
	case "start":
		return r.startBroker(a)
	}
	b := r.bench.broker
	if !b.Running() {
		return r.tested(a.Pos, fmt.Errorf("the broker is stopped already"))
	}
	connected := slices.ContainsFunc(r.plan.Devices, func(d plan.Device) bool { return b.Connected(d.Name) })
	refused := r.bench.fabric.Refused()
	r.faults.begin(&fault{verb: "broker", pos: a.Pos, path: r.current.Path, what: "broker " + a.Action,
		nothing: "no device was connected, and none tried to connect meanwhile",
		touched: func() int64 { return count(connected) + int64(r.bench.fabric.Refused()-refused) }})
	b.Stop()
	if a.Action == "restart" {
		return r.startBroker(a)
	}
	return nil
}

func (r *runner) startBroker(a *lang.BrokerAction) *Failure {
	if r.bench.broker.Running() {
		return r.tested(a.Pos, fmt.Errorf("the broker is running"))
	}
	if err := r.bench.broker.Start(); err != nil {
		return &Failure{Pos: a.Pos, Step: r.current.Path, At: r.now(), Verdict: Infra, Message: err.Error()}
	}
	if failures := r.faults.end("broker", ""); len(failures) > 0 {
		return &failures[0]
	}
	return nil
}

// kick ends the connections of the devices; one of several that is not connected does not matter.
func (r *runner) kick(a *lang.BrokerAction) *Failure {
	reason := lang.ReasonCode{Code: 0x98, Name: "administrative action"}
	if a.Code != nil {
		reason = *a.Code
	}
	var first *Failure
	devices := r.devicesOf(a)
	failed := 0
	for _, device := range devices {
		if failure := r.tested(a.Pos, r.bench.broker.KickFor(device, reason.Code, reason.Name)); failure != nil {
			first, failed = cmp.Or(first, failure), failed+1
		}
	}
	if failed < len(devices) {
		return nil
	}
	return first
}

// devicesOf returns the devices that a step names, or all.
func (r *runner) devicesOf(a *lang.BrokerAction) []string {
	var devices []string
	for _, name := range a.Devices {
		devices = append(devices, r.plan.Members(name.Text)...)
	}
	if a.Devices == nil {
		for i := range r.plan.Devices {
			devices = append(devices, r.plan.Devices[i].Name)
		}
	}
	return devices
}

// devicesText names the devices of a step, as in "a and b".
func devicesText(a *lang.BrokerAction) string {
	names := make([]string, len(a.Devices))
	for i, name := range a.Devices {
		names[i] = name.Text
	}
	return cmp.Or(strings.Join(names, " and "), lang.AllDevices)
}

// disturb begins a disturbance. The same one that is still under way ends there.
func (r *runner) disturb(a *lang.BrokerAction) *Failure {
	d := &disturbance{action: a.Action, answer: a.Answer, devices: devicesText(a)}
	if failure := r.lift(func(x *disturbance) bool { return x.subject() == d.subject() }); failure != nil {
		return failure
	}
	devices := r.devicesOf(a)
	if a.Devices == nil {
		devices = nil // clients that are no devices too
	}
	nothing := "the broker had no " + a.Answer + " to send meanwhile"
	switch a.Action {
	case "refuse":
		reason := lang.ReasonCode{Code: 0x88, Name: "server unavailable"}
		if a.Code != nil {
			reason = *a.Code
		}
		d.Disturbance = r.bench.broker.Refuse(devices, reason.Code, reason.Name)
		nothing = "none of them tried to connect meanwhile"
	case "withhold":
		d.Disturbance = r.bench.broker.Withhold(a.Answer, devices)
	default:
		d.Disturbance = r.bench.broker.Delay(a.Answer, devices, a.By)
	}
	r.disturbances = append(r.disturbances, d)
	r.faults.begin(&fault{verb: "broker", subject: d.subject(), pos: a.Pos, path: r.current.Path, what: "broker " + d.subject(), nothing: nothing, touched: d.Touched})
	if a.For != nil {
		d.expiry = r.bench.steps.After(a.For.Duration, vtime.Stimulus, func() {
			if failure := r.lift(func(x *disturbance) bool { return x == d }); failure != nil {
				r.fail(*failure)
			}
		})
	}
	return nil
}

// undisturb ends what allow or release names.
func (r *runner) undisturb(a *lang.BrokerAction) *Failure {
	devices := devicesText(a)
	under := len(r.disturbances)
	failure := r.lift(func(x *disturbance) bool {
		return (x.action == "refuse") == (a.Action == "allow") && x.answer == a.Answer && (a.Devices == nil || x.devices == devices)
	})
	if failure == nil && len(r.disturbances) == under {
		if a.Action == "release" {
			return r.tested(a.Pos, fmt.Errorf("the broker withholds or delays no %s from %s", a.Answer, devices))
		}
		return r.tested(a.Pos, fmt.Errorf("the broker does not refuse %s", devices))
	}
	return failure
}

// lift ends the disturbances that match, and judges them.
func (r *runner) lift(matches func(*disturbance) bool) *Failure {
	var first *Failure
	r.disturbances = slices.DeleteFunc(r.disturbances, func(d *disturbance) bool {
		if !matches(d) {
			return false
		}
		d.Lift()
		d.expiry.Stop()
		if failures := r.faults.end("broker", d.subject()); len(failures) > 0 && first == nil {
			first = &failures[0]
			first.At = r.now()
		}
		return true
	})
	return first
}
