// Package seed derives independent random streams from the one seed of a run.
//
// A stream is named by what draws from it and for which purpose, so that adding a device, or
// switching one impairment on, never shifts the draws of another.
package seed

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
)

// Seed is the seed of a run, as given by --seed.
type Seed uint64

// Stream returns the random stream of purpose for what, for example
// Stream("network/cell/thermo/uplink", "loss"). The same names give the same stream.
// The stream is not safe for concurrent use.
func (s Seed) Stream(what, purpose string) *rand.Rand {
	sum := s.sum(what, purpose)
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[0:]), binary.LittleEndian.Uint64(sum[8:])))
}

// Token returns n (at most 32) bytes that depend on nothing but the seed and the names.
func (s Seed) Token(what, purpose string, n int) []byte {
	sum := s.sum(what, purpose)
	return sum[:n:n]
}

func (s Seed) sum(what, purpose string) [32]byte {
	h := sha256.New()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(s))
	h.Write(b[:])
	// The length keeps ("ab", "c") apart from ("a", "bc").
	binary.LittleEndian.PutUint64(b[:], uint64(len(what)))
	h.Write(b[:])
	io.WriteString(h, what)    //nolint:errcheck // a hash never fails
	io.WriteString(h, purpose) //nolint:errcheck // a hash never fails
	return [32]byte(h.Sum(nil))
}
