package plan

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// Bind returns the steps of an each for one of its devices, complete as the plan's own steps are. They are
// made anew with each call. An error is a fault that only this device has. It may be called concurrently.
func (p *Plan) Bind(e *lang.Each, device string) ([]lang.Step, error) { return p.bind(e, device) }

// binder returns what binds steps while the plan runs. The files are those that were read; nothing is read again.
func (l *loader) binder() func(*lang.Each, string) ([]lang.Step, error) {
	opts, files := l.opts, l.files
	opts.ReadFile = func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
	return func(e *lang.Each, device string) ([]lang.Step, error) {
		own := &loader{opts: opts, plan: l.plan, files: map[string][]byte{}, steps: map[string]*lang.StepsFile{}}
		steps := own.bindSteps(e, device)
		own.windows(steps)
		own.recordings(steps)
		return steps, own.diags.Err()
	}
}

func (l *loader) bindSteps(e *lang.Each, device string) []lang.Step {
	steps, diags := e.Bind(device)
	l.diags = append(l.diags, diags...)
	return l.splice(steps, e.Files)
}

// each resolves what an each is about, and binds its steps to one device of each kind, to be checked.
func (l *loader) each(step *lang.Step, chain []string) {
	e := *step.Each
	step.Each = &e
	e.Files = chain
	path := step.Path + ".each"
	for i, name := range e.In {
		at := path + ".in"
		if len(e.In) > 1 {
			at = fmt.Sprintf("%s[%d]", at, i)
		}
		if l.devicesNamed(name.Text, name.Pos, at) == nil {
			continue
		}
		for _, device := range l.plan.Members(name.Text) {
			if len(e.In) > 1 && slices.Contains(e.Devices, device) {
				l.diags.Add(name.Pos, at, device+" is in the list twice", "")
				continue
			}
			e.Devices = append(e.Devices, device)
		}
	}
	l.checkAs(&e, path)
	var kinds []*lang.Kind
	for _, name := range e.Devices {
		if device := l.plan.Device(name); !slices.Contains(kinds, device.Kind) {
			kinds = append(kinds, device.Kind)
			e.Checked = append(e.Checked, l.bindSteps(&e, name))
		}
	}
}

// checkAs reports a name for the device that something else in the scenario has.
func (l *loader) checkAs(e *lang.Each, path string) {
	what := ""
	if l.plan.Device(e.As) != nil || l.plan.Fleet(e.As) != nil {
		what = "device"
	} else if _, ok := l.plan.Scenario.Networks.Get(e.As); ok {
		what = "network"
	}
	if what != "" {
		l.diags.Add(e.Keys.At("as", e.Pos), path+".as", fmt.Sprintf("a %s is called %s already", what, e.As), "another name")
	}
}
