package run

import (
	"fmt"
	"slices"
	"time"

	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/sensor"
)

// sensed is a sensor of one device.
type sensed struct {
	twin   *twin.Twin
	name   string
	offset float64 // what it measures more than the step says
}

// sensors returns the sensors that a reference stands for: device.sensor, of a fleet those of all
// members, or what place.quantity drives.
func (r *runner) sensors(ref string) []sensed {
	driven, ok := r.plan.Driven(ref)
	if !ok {
		driven = []plan.Driven{{Ref: ref}}
	}
	var all []sensed
	for _, d := range driven {
		device, name, _ := plan.Split(d.Ref)
		for _, member := range r.plan.Members(device) {
			all = append(all, sensed{r.bench.twins[member], name, d.Offset})
		}
	}
	return all
}

// setEnvironment gives the places their values from the start of the run.
func (r *runner) setEnvironment() error {
	for _, place := range r.plan.Scenario.Environment {
		for i := range place.Value.Quantities {
			q := &place.Value.Quantities[i]
			if q.Value.Sense == nil {
				continue
			}
			if err := r.setAll(r.sensors(place.Name+"."+q.Name), q.Value.Sense); err != nil {
				return err
			}
		}
	}
	return nil
}

// setAll gives sensors the noise and the signal of a value. One action tells of all of them.
func (r *runner) setAll(all []sensed, v *lang.SenseValue) error {
	signal := plan.Signal(v)
	var tells []func(time.Duration) bool
	for _, s := range all {
		if v.Noise != nil {
			if err := s.twin.SenseNoise(s.name, *v.Noise); err != nil {
				return err
			}
		}
		if signal == nil {
			continue
		}
		tell, err := s.twin.BeginSignal(s.name, sensor.Shifted{Signal: signal, By: s.offset})
		if err != nil {
			return err
		}
		tells = append(tells, tell)
	}
	if signal != nil {
		twin.Follow(r.bench.steps, signal, func(since time.Duration) bool {
			tells = slices.DeleteFunc(tells, func(tell func(time.Duration) bool) bool { return !tell(since) })
			return len(tells) > 0
		})
	}
	return nil
}

func (r *runner) sense(v lang.Named[lang.SenseValue]) (time.Duration, *Failure) {
	if v.Value.Fault != "" {
		return 0, r.senseFault(v)
	}
	return 0, r.tested(v.Pos, r.setAll(r.sensors(v.Name), &v.Value))
}

// sensorFault returns the fault that a word of the language means.
func sensorFault(word string) twin.SensorFault {
	switch word {
	case "stuck":
		return twin.SensorStuck
	case "dropout":
		return twin.SensorSilent
	case "nan":
		return twin.SensorNaN
	case "high":
		return twin.SensorHigh
	case "low":
		return twin.SensorLow
	}
	return twin.SensorWorks
}

// senseFault begins or ends a fault of a sensor. A new fault ends the one before, also one that still
// had time to run. Firmware must read the sensor meanwhile, or the fault touched nothing.
func (r *runner) senseFault(v lang.Named[lang.SenseValue]) *Failure {
	r.faulty[v.Name].Stop()
	wasFaulty := r.faults.has("sensor", v.Name)
	if failures := r.faults.end("sensor", v.Name); len(failures) > 0 {
		return &failures[0]
	}
	broken, all := sensorFault(v.Value.Fault), r.sensors(v.Name)
	if broken == twin.SensorWorks && !wasFaulty {
		return r.tested(v.Pos, fmt.Errorf("%s has no fault that could end", v.Name))
	}
	if failure := r.tested(v.Pos, setFault(all, broken)); failure != nil || broken == twin.SensorWorks {
		return failure
	}
	r.faults.begin(&fault{verb: "sensor", subject: v.Name, pos: v.Pos, path: r.current.Path, what: fmt.Sprintf("sense %s: %s", v.Name, v.Value.Written),
		nothing: "the firmware did not read it meanwhile", touched: func() (n int64) {
			for _, s := range all {
				n += int64(s.twin.SenseFaultReads(s.name))
			}
			return n
		}})
	if v.Value.For != nil {
		r.faulty[v.Name] = r.bench.steps.After(*v.Value.For, vtime.Stimulus, func() { r.endSenseFault(v.Name, all) })
	}
	return nil
}

func (r *runner) endSenseFault(ref string, all []sensed) {
	failures := r.faults.end("sensor", ref)
	if err := setFault(all, twin.SensorWorks); err != nil || len(failures) == 0 {
		return
	}
	failures[0].At = r.now()
	r.fail(failures[0])
}

func setFault(all []sensed, fault twin.SensorFault) error {
	for _, s := range all {
		if err := s.twin.SenseFault(s.name, fault); err != nil {
			return err
		}
	}
	return nil
}
