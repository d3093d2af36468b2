package wasm

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/twinrig/twinrig/twin"
)

// Header is twinrig.h, the C header of the interface.
//
//go:embed twinrig.h
var Header []byte

const (
	pageSize = 64 << 10
	// DefaultMemory is the most memory, in bytes, of a guest whose kind names no ram.
	DefaultMemory = 16 << 20
	hostModule    = "twinrig"
)

// Cache holds compiled modules, and watches over the guests that run them. It is safe for concurrent use,
// by several bubbles of virtual time too; make and close it outside of them.
type Cache struct {
	mu      sync.Mutex
	modules map[key]*module
	watch   *watch // nil until there is a module
}

type key struct {
	sum   [32]byte
	pages uint32
}

// module is a compiled module with a runtime of its own, since the limit of memory is a runtime's.
type module struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	watch    *watch
	listens  bool // its guests read the console
}

// NewCache returns an empty cache.
func NewCache() *Cache { return &Cache{modules: map[key]*module{}} }

// Close frees the modules. No guest may run any more.
func (c *Cache) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watch != nil {
		c.watch.close()
		c.watch = nil
	}
	for _, m := range c.modules {
		m.runtime.Close(context.Background()) //nolint:errcheck // memory is all that it holds
	}
	clear(c.modules)
}

// Firmware returns the firmware of a module. Call it outside of virtual time. Its guests may have at most memory bytes
// each, rounded up to whole pages of 64 KiB; 0: [DefaultMemory]. The error lists everything that is wrong with it.
func (c *Cache) Firmware(code []byte, memory int64) (twin.Firmware, error) {
	m, err := c.module(code, memory)
	if err != nil {
		return nil, err
	}
	return func(hw *twin.Hardware) error { return run(m, hw) }, nil
}

func (c *Cache) module(code []byte, memory int64) (*module, error) {
	k := key{sha256.Sum256(code), pages(memory)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m, ok := c.modules[k]; ok {
		return m, nil
	}
	m, err := compile(wazero.NewRuntimeConfig(), code, k.pages)
	if err != nil {
		return nil, err
	}
	if c.watch == nil {
		c.watch = newWatch()
	}
	m.watch = c.watch
	c.modules[k] = m
	return m, nil
}

func pages(memory int64) uint32 {
	if memory <= 0 {
		memory = DefaultMemory
	}
	return uint32(min((memory+pageSize-1)/pageSize, 65536))
}

// Check returns everything that is wrong with a module, one error for each, without making it ready to run.
func Check(code []byte, memory int64) []error {
	m, err := compile(wazero.NewRuntimeConfigInterpreter(), code, pages(memory))
	if err == nil {
		m.runtime.Close(context.Background()) //nolint:errcheck // memory is all that it holds
		return nil
	}
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) {
		return several.Unwrap()
	}
	return []error{err}
}

func compile(config wazero.RuntimeConfig, code []byte, limit uint32) (*module, error) {
	ctx := context.Background()
	if len(code) == 0 {
		return nil, errors.New("wasm: the module is empty")
	}
	// Closing an instance from outside ends a call that never returns.
	runtime := wazero.NewRuntimeWithConfig(ctx, config.WithCloseOnContextDone(true).WithMemoryLimitPages(limit))
	compiled, err := runtime.CompileModule(ctx, code)
	if err == nil {
		err = errors.Join(checkModule(compiled)...)
	} else {
		err = unloadable(code, err, limit)
	}
	if err == nil {
		err = instantiateHost(ctx, runtime)
	}
	if err != nil {
		runtime.Close(ctx) //nolint:errcheck // memory is all that it holds
		return nil, err
	}
	listens := slices.ContainsFunc(compiled.ImportedFunctions(), func(f api.FunctionDefinition) bool {
		_, name, _ := f.Import()
		return name == "console_read"
	})
	return &module{runtime: runtime, compiled: compiled, listens: listens}, nil
}

// unloadable says in our words why a module does not load.
func unloadable(code []byte, err error, limit uint32) error {
	switch text := err.Error(); {
	case !strings.HasPrefix(string(code), "\x00asm"):
		return errors.New("wasm: this is not a WebAssembly module: it does not begin with \\0asm")
	case strings.Contains(text, "over limit of") || strings.Contains(text, "pages"):
		return fmt.Errorf("wasm: it wants more memory than the %d KiB that the kind's ram allows: %s; link with --initial-memory and --max-memory, or raise ram",
			limit*pageSize>>10, strings.TrimPrefix(text, "section memory: "))
	default:
		return fmt.Errorf("wasm: the module does not load: %s", text)
	}
}

// entry is a function that the firmware supplies.
type entry struct {
	required  bool
	signature string
}

// entries are what the host calls, see twinrig.h.
func entries() map[string]entry {
	return map[string]entry{
		"_initialize": {false, ":"}, "init": {true, ":"}, "tick": {true, ":i"}, "message": {false, "ii:"}, "connection": {false, "i:"},
	}
}

// checkModule holds what a module exports and imports against twinrig.h.
func checkModule(m wazero.CompiledModule) []error {
	var faults []error
	exported := m.ExportedFunctions()
	for _, name := range slices.Sorted(maps.Keys(entries())) {
		want := entries()[name]
		f, ok := exported[name]
		switch {
		case !ok && want.required:
			has := "nothing"
			if len(exported) > 0 {
				has = strings.Join(slices.Sorted(maps.Keys(exported)), ", ")
			}
			faults = append(faults, fmt.Errorf("wasm: it does not export %s; it exports %s", name, has))
		case ok && signatureOf(f) != want.signature:
			faults = append(faults, fmt.Errorf("wasm: its %s is %s, not %s", name, spell(signatureOf(f)), spell(want.signature)))
		}
	}
	if len(m.ExportedMemories()) == 0 {
		faults = append(faults, errors.New("wasm: it does not export its memory"))
	}
	known := hostFunctions()
	for _, f := range m.ImportedFunctions() {
		from, name, _ := f.Import()
		want, ok := known[name]
		switch {
		case from != hostModule:
			faults = append(faults, fmt.Errorf("wasm: it imports %s.%s; there is only what twinrig.h declares, no libc and no WASI", from, name))
		case !ok:
			faults = append(faults, fmt.Errorf("wasm: it imports %s.%s, which does not exist; twinrig.h declares what does", from, name))
		case signatureOf(f) != want.signature:
			faults = append(faults, fmt.Errorf("wasm: it imports %s as %s, but it is %s", name, spell(signatureOf(f)), spell(want.signature)))
		}
		if _, hears := exported["message"]; ok && name == "mqtt_subscribe" && !hears {
			faults = append(faults, errors.New("wasm: it subscribes, but does not export message, which takes what arrives"))
		}
	}
	return faults
}

// A signature is the types of the parameters, a colon, and those of the results: i for i32, l for i64,
// f for f32, d for f64.
func signatureOf(f api.FunctionDefinition) string {
	text := func(types []api.ValueType) string {
		var b strings.Builder
		for _, t := range types {
			b.WriteString(map[api.ValueType]string{api.ValueTypeI32: "i", api.ValueTypeI64: "l", api.ValueTypeF32: "f", api.ValueTypeF64: "d"}[t])
		}
		return b.String()
	}
	return text(f.ParamTypes()) + ":" + text(f.ResultTypes())
}

// typesOf is signatureOf's reverse.
func typesOf(text string) []api.ValueType {
	types := make([]api.ValueType, len(text))
	for i, c := range text {
		types[i] = map[rune]api.ValueType{'i': api.ValueTypeI32, 'l': api.ValueTypeI64, 'f': api.ValueTypeF32, 'd': api.ValueTypeF64}[c]
	}
	return types
}

// spell writes a signature as WebAssembly's text format has its types: (i32, i32) -> i32.
func spell(signature string) string {
	params, results, _ := strings.Cut(signature, ":")
	list := func(text string) string {
		names := make([]string, len(text))
		for i, t := range typesOf(text) {
			names[i] = api.ValueTypeName(t)
		}
		return strings.Join(names, ", ")
	}
	if results == "" {
		return "(" + list(params) + ")"
	}
	return "(" + list(params) + ") -> " + list(results)
}
