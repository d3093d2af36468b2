package seed_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/seed"
)

func TestStreamsDependOnNothingButTheirNames(t *testing.T) {
	first := func(s seed.Seed, what, purpose string) uint64 { return s.Stream(what, purpose).Uint64() }
	want := first(1, "network/cell/thermo", "loss")
	require.Equal(t, want, first(1, "network/cell/thermo", "loss"))
	for _, other := range []uint64{
		first(2, "network/cell/thermo", "loss"),
		first(1, "network/cell/thermo", "jitter"),
		first(1, "network/cell/other", "loss"),
		first(1, "network/cell/thermol", "oss"),
		first(1, "", "network/cell/thermoloss"),
	} {
		require.NotEqual(t, want, other)
	}
	// Written down, so that a change of the derivation does not go unnoticed: it changes every run.
	require.Equal(t, uint64(13549980934373296090), want)
}

func TestTokenIsAsLongAsAsked(t *testing.T) {
	require.Len(t, seed.Seed(1).Token("thermo", "password", 8), 8)
	require.Len(t, seed.Seed(1).Token("thermo", "password", 32), 32)
	require.NotEqual(t, seed.Seed(1).Token("a", "password", 8), seed.Seed(1).Token("b", "password", 8))
}
