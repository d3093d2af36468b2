package plan

import (
	"fmt"
	"strings"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// module returns the WebAssembly module of a build of a kind, read and checked once for all devices that run it;
// nil where it cannot be used, which is then reported.
func (l *loader) module(kind *lang.Kind, at string, build *lang.Build) *Module {
	m := Module{File: Resolve(build.Pos.File, build.Wasm)}
	if kind.Resources != nil && kind.Resources.RAM != nil {
		m.Memory = kind.Resources.RAM.Bytes
	}
	key := fmt.Sprintf("%d %s", m.Memory, m.File)
	if known, ok := l.modules[key]; ok {
		return known
	}
	l.modules[key] = nil
	pos, path := build.Keys.At("wasm", build.Pos), at+".wasm"
	code, err := l.opts.ReadFile(m.File)
	if err != nil {
		l.diags.Addf(pos, path, "%s cannot be read: %v", m.File, err)
		return nil
	}
	m.Code = code
	if l.opts.CheckModule == nil {
		l.modules[key] = &m
		return &m
	}
	faults := l.opts.CheckModule(code, m.Memory)
	for _, fault := range faults {
		message, hint, _ := strings.Cut(strings.TrimPrefix(fault.Error(), "wasm: "), "; ")
		l.diags.Add(pos, path, m.File+": "+message, hint)
	}
	if len(faults) > 0 {
		return nil
	}
	l.modules[key] = &m
	return &m
}
