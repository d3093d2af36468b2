package battery

import (
	"math"
	"math/bits"
	"strconv"
	"time"
)

// Current is an electric current in nanoamperes.
type Current int64

// Charge is an electric charge in nanocoulombs.
type Charge int64

// The units of current and charge.
const (
	Nanoampere  Current = 1
	Microampere         = 1000 * Nanoampere
	Milliampere         = 1000 * Microampere
	Ampere              = 1000 * Milliampere

	Nanocoulomb     Charge = 1
	MicroampereHour        = 3_600_000 * Nanocoulomb
	MilliampereHour        = 1000 * MicroampereHour
)

const (
	largestCharge      Charge = math.MaxInt64 / 2  // over a million Ah; sums of two stay within the type
	nanosInNanocoulomb        = int64(time.Second) // a nanoampere takes a second for a nanocoulomb
)

// MilliampereHours returns the charge in mAh.
func (c Charge) MilliampereHours() float64 { return float64(c) / float64(MilliampereHour) }

// String returns the charge in mAh.
func (c Charge) String() string {
	return strconv.FormatFloat(c.MilliampereHours(), 'g', 6, 64) + "mAh"
}

// sum is a charge with what is left over below a nanocoulomb, in nanoampere-nanoseconds.
type sum struct {
	whole Charge
	rest  int64 // 0 to 999_999_999
}

// add adds what a current takes in d. Neither is negative. What is too much for the type stays at its end.
func (s *sum) add(i Current, d time.Duration) {
	high, low := bits.Mul64(uint64(i), uint64(d))
	if high >= uint64(nanosInNanocoulomb) {
		*s = sum{whole: largestCharge}
		return
	}
	whole, rest := bits.Div64(high, low, uint64(nanosInNanocoulomb))
	s.rest += int64(rest)
	if s.rest >= nanosInNanocoulomb {
		s.rest -= nanosInNanocoulomb
		whole++
	}
	if whole > uint64(largestCharge-s.whole) {
		*s = sum{whole: largestCharge}
		return
	}
	s.whole += Charge(whole)
}

// until returns how long a current takes to bring s to at least target; ok is false where it takes longer
// than a time.Duration holds.
func (s sum) until(target Charge, i Current) (d time.Duration, ok bool) {
	if s.whole >= target {
		return 0, true
	}
	if i <= 0 {
		return 0, false
	}
	high, low := bits.Mul64(uint64(target-s.whole), uint64(nanosInNanocoulomb))
	low, borrow := bits.Sub64(low, uint64(s.rest), 0)
	high -= borrow
	if high >= uint64(i) {
		return 0, false
	}
	quotient, remainder := bits.Div64(high, low, uint64(i))
	if remainder > 0 {
		quotient++
	}
	if quotient > math.MaxInt64 {
		return 0, false
	}
	return time.Duration(quotient), true
}
