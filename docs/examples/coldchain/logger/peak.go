package logger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/twinrig/twinrig/twin/flash"
)

// peak is the warmest that the box ever was. It survives a power cut at any instant.
type peak struct {
	store   *flash.Store
	celsius float64
}

// peakStep is by how many °C it must be warmer to be kept: each write wears the flash.
const peakStep = 0.5

func loadPeak(f *flash.Flash) (*peak, error) {
	store, err := flash.NewStore(f, 0, 2)
	if err != nil {
		return nil, err
	}
	p := &peak{store: store, celsius: math.Inf(-1)}
	kept, err := store.Load()
	switch {
	case errors.Is(err, flash.ErrEmpty):
		return p, nil
	case err != nil:
		return nil, err
	case len(kept) != 8:
		return nil, fmt.Errorf("logger: the peak in flash has %d bytes", len(kept))
	}
	p.celsius = math.Float64frombits(binary.LittleEndian.Uint64(kept))
	return p, nil
}

// see keeps a temperature that is warmer than all before.
func (p *peak) see(celsius float64) error {
	if celsius < p.celsius+peakStep {
		return nil
	}
	if err := p.store.Save(binary.LittleEndian.AppendUint64(nil, math.Float64bits(celsius))); err != nil {
		return err
	}
	p.celsius = celsius
	return nil
}
