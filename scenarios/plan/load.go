package plan

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/twinrig/twinrig/internal/third_party/jsonschema"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/twin/sensor"
)

// Options are what a scenario is loaded with.
type Options struct {
	// File names the scenario: a path, or library:NAME where ReadFile knows such names.
	File string
	// ReadFile reads a file that the scenario names, and the scenario itself. Names relative to
	// library:a/b.yaml come as library:a/NAME. Nil: lang.ReadFile.
	ReadFile func(name string) ([]byte, error)
	// Set replaces params of the scenario, as --set name=value does.
	Set map[string]string
	// Seed is the seed of the run; credentials derive from it.
	Seed seed.Seed
	// Firmware lists the names of the registered Go firmware. Nil: any name is accepted, and the
	// caller must check the names itself.
	Firmware []string
	// CheckModule returns what is wrong with a WebAssembly module whose guests may have that much memory.
	// Nil: the caller finds out itself.
	CheckModule func(code []byte, memory int64) []error
	// Mutant is faulty firmware that all devices of a kind run; nil: none do.
	Mutant *Mutant
	// Mode is sim or live; "" is sim. What cannot be in a mode is a fault.
	Mode string
}

// Resolve returns the name of a file that another file names. An absolute name, or one with a scheme
// (library:), stays; any other is relative to the folder of from, in from's scheme.
func Resolve(from, name string) string {
	if filepath.IsAbs(name) || scheme(name) != "" {
		return name
	}
	if s := scheme(from); s != "" {
		return s + path.Join(path.Dir(from[len(s):]), name)
	}
	return filepath.Join(filepath.Dir(from), name)
}

// scheme returns "library:" of library:NAME, and "" of a path.
func scheme(name string) string {
	before, _, found := strings.Cut(name, ":")
	if !found || len(before) < 2 || strings.ContainsAny(before, `/\.`) {
		return ""
	}
	return before + ":"
}

// Load reads a scenario and all that it names, and resolves it. Every fault of every file is in the
// list, sorted; with a fault the plan is not complete and must not be run. It is nil where the
// scenario, or one of its kinds, could not be read at all, so that nothing can be said of names.
// Expressions are not looked into: package expect compiles them.
func Load(opts Options) (*Plan, diag.List) {
	if opts.ReadFile == nil {
		opts.ReadFile = lang.ReadFile
	}
	l := &loader{
		opts:  opts,
		plan:  &Plan{File: opts.File, Seed: opts.Seed, byName: map[string]int{}, Schemas: map[string]*jsonschema.Schema{}, mounts: map[*lang.Kind]map[string]*sensor.Mount{}},
		kinds: map[string]*lang.Kind{},
		steps: map[string]*lang.StepsFile{}, modules: map[string]*Module{},
		named: map[string]diag.Position{},
		files: map[string][]byte{},
	}
	l.plan.bind = l.binder()
	data, err := opts.ReadFile(opts.File)
	if err != nil {
		l.diags.Addf(diag.Position{File: opts.File}, "", "cannot be read: %v", err)
		return nil, l.diags
	}
	s, diags := lang.ParseScenario(opts.File, data, lang.Options{Set: opts.Set})
	l.diags = append(l.diags, diags...)
	if s == nil {
		return nil, l.diags
	}
	l.plan.Scenario = s
	l.plan.Open = s.Broker != nil && s.Broker.Auth == "open"
	l.plan.External = l.external()
	l.clock()
	l.plan.TLS = l.secure()
	l.networks()
	l.devices()
	l.secureDevices()
	l.environment()
	s.Steps = l.splice(s.Steps, []string{opts.File})
	l.matrix()
	l.checkScenario()
	l.sweep(s.Steps)
	l.windows(s.Steps)
	l.actions(s.Steps)
	l.diags.Sort()
	for i := range l.plan.Devices {
		if l.plan.Devices[i].Kind == nil {
			return nil, l.diags
		}
	}
	return l.plan, l.diags
}

// loader is a plan in the making.
type loader struct {
	opts     Options
	plan     *Plan
	diags    diag.List
	payloads *Payloads                  // made when they are asked for
	kinds    map[string]*lang.Kind      // by name of the file; nil where it could not be read
	steps    map[string]*lang.StepsFile // the same of included files

	pki     *credentials
	modules map[string]*Module       // by name of the file and memory; nil where it cannot be used
	count   int                      // of steps, with the included ones
	named   map[string]diag.Position // steps, by name
	again   bool                     // these steps were looked at for another kind
	files   map[string][]byte        // that were included, and recordings
}

// windows gives default_within to the expectations that have neither within nor during.
func (l *loader) windows(steps []lang.Step) {
	within := l.plan.Scenario.DefaultWithin
	if within == nil {
		return
	}
	for i := range steps {
		for _, inner := range steps[i].Inner() {
			l.windows(inner)
		}
		if e := steps[i].Expect; e != nil && e.Within == nil && e.During == nil {
			e.Within = within
		}
	}
}
