package sensor

import (
	"encoding/binary"
	"time"
)

// The ROM commands (Maxim 19-7487, ROM commands).
const (
	romRead        = 0x33
	romMatch       = 0x55
	romSkip        = 0xCC
	romSearch      = 0xF0
	romAlarmSearch = 0xEC
)

// OneWireLine is the wire of a 1-Wire bus with the chips on it: it selects them by their ROM codes.
// What one chip pulls low is low for all. The zero value is a wire with nothing on it.
type OneWireLine struct {
	search []OneWireChip // those still in the search under way
	bit    int           // of the ROM code that comes next in it
}

// Tx resets the bus, writes w and then reads r. It returns false where no chip of chips answers the
// reset with a presence pulse.
func (l *OneWireLine) Tx(now time.Time, chips []OneWireChip, w, r []byte) (present bool) {
	l.search, l.bit = nil, 0
	for i := range r {
		r[i] = 0xFF // the pull-up
	}
	if len(chips) == 0 {
		return false
	}
	for _, c := range chips {
		c.Advance(now)
	}
	if len(w) == 0 {
		return true
	}
	switch rom, rest := w[0], w[1:]; rom {
	case romRead:
		for _, c := range chips {
			var code [8]byte
			binary.LittleEndian.PutUint64(code[:], c.ROM())
			pull(r, code[:])
		}
	case romMatch:
		if len(rest) < 8 {
			break
		}
		for _, c := range chips {
			if c.ROM() == binary.LittleEndian.Uint64(rest) {
				command(now, c, rest[8:], r)
			}
		}
	case romSkip:
		for _, c := range chips {
			command(now, c, rest, r)
		}
	case romSearch, romAlarmSearch:
		for _, c := range chips {
			if rom == romSearch || c.Alarmed() {
				l.search = append(l.search, c)
			}
		}
	}
	return true
}

func command(now time.Time, c OneWireChip, w, r []byte) {
	answer := make([]byte, len(r))
	for i := range answer {
		answer[i] = 0xFF
	}
	c.Command(now, w, answer)
	pull(r, answer)
}

// pull lets a chip pull bits of r low.
func pull(r, answer []byte) {
	for i := range min(len(r), len(answer)) {
		r[i] &= answer[i]
	}
}

// Triplet takes one step of a search: the chips in it say their next bit and its complement, then those
// go on whose bit is the direction taken. Where they agree, their bit is taken, else direction.
func (l *OneWireLine) Triplet(direction byte) (gotZero, gotOne bool, taken byte) {
	bit := func(c OneWireChip) byte { return byte(c.ROM()>>l.bit) & 1 }
	for _, c := range l.search {
		gotZero = gotZero || bit(c) == 0
		gotOne = gotOne || bit(c) == 1
	}
	taken = direction & 1
	if gotZero != gotOne {
		taken = 0
		if gotOne {
			taken = 1
		}
	}
	var left []OneWireChip
	for _, c := range l.search {
		if bit(c) == taken {
			left = append(left, c)
		}
	}
	l.search = left
	if l.bit++; l.bit == 64 {
		l.search, l.bit = nil, 0
	}
	return gotZero, gotOne, taken
}
