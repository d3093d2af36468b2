package wasm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/sys"
)

// errEnded unwinds a guest whose boot has ended.
var errEnded = errors.New("wasm: the boot has ended")

// errStartSection ends a guest whose module's start section calls the host with a buffer: the memory is not to be
// had yet.
var errStartSection = errors.New("wasm: the start section of the module calls the twin with a buffer; do that in _initialize or init")

// pointerError is a buffer that is not inside the guest's memory.
type pointerError struct {
	call          string
	pointer, size uint32
	memory        uint32
}

func (e *pointerError) Error() string {
	return fmt.Sprintf("wasm: %s: %d bytes at %#x are not inside the memory of %d bytes", e.call, e.size, e.pointer, e.memory)
}

// explain says why a call of the guest did not return, as the error with which the firmware ends.
func (g *guest) explain(err error) error {
	if g.hw.Context().Err() != nil || errors.Is(err, errEnded) {
		<-g.hw.Context().Done()
		return context.Cause(g.hw.Context())
	}
	var exit *sys.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitSpinning {
		return g.hw.Hang("its WebAssembly code computes on without ever calling or returning")
	}
	if errors.Is(err, errStartSection) {
		return errStartSection
	}
	text := err.Error()
	where := trapPlace(text)
	var pointer *pointerError
	if errors.As(err, &pointer) {
		return fmt.Errorf("%w%s", pointer, where)
	}
	first, _, _ := strings.Cut(text, "\n")
	first = strings.TrimSuffix(first, " (recovered by wazero)")
	if reason, ok := strings.CutPrefix(first, "wasm error: "); ok {
		first = "trap: " + reason
	}
	return fmt.Errorf("wasm: %s%s", first, where)
}

// trapPlace names the functions of the guest that a trap was in, the innermost first.
func trapPlace(text string) string {
	_, trace, found := strings.Cut(text, "wasm stack trace:\n")
	if !found {
		return ""
	}
	var names []string
	for line := range strings.Lines(trace) {
		line = strings.TrimSpace(line)
		name, _, isFrame := strings.Cut(line, "(")
		if !isFrame || strings.HasPrefix(name, hostModule+".") || strings.HasPrefix(line, "0x") {
			continue
		}
		names = append(names, strings.TrimPrefix(name, "."))
		if len(names) == 8 {
			break
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " in " + strings.Join(names, ", called by ")
}
