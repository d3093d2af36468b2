package expect

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSortedIsASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s sorted[int]
		var want []int
		// Few values, many of them: blocks split in the middle of equal ones.
		for range rapid.IntRange(0, 30).Draw(t, "times") {
			v := rapid.IntRange(0, 5).Draw(t, "value")
			for range rapid.IntRange(1, 600).Draw(t, "count") {
				s.add(v)
				want = append(want, v)
			}
			out := rapid.IntRange(0, len(want)).Draw(t, "out")
			for _, v := range want[:out] {
				s.remove(v)
			}
			want = want[out:]
		}
		sorted := slices.Sorted(slices.Values(want))
		require.Equal(t, len(sorted), s.n)
		for i, v := range sorted {
			require.Equal(t, v, s.at(i))
		}
	})
}

func TestSumsAddUp(t *testing.T) {
	for _, n := range []int{1, 2, 3, 100} {
		s := newSums(n)
		for i := range n {
			s.set(i, 1000)
			s.set(i, float64(i))
		}
		require.InDelta(t, n*(n-1)/2, s.total(), 0)
	}
}

func TestNumbersIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s numbers
		want := map[int64]bool{}
		for _, n := range rapid.SliceOf(rapid.Int64Range(-20, 20)).Draw(t, "numbers") {
			s.add(n)
			want[n] = true
		}
		require.Equal(t, int64(len(want)), s.count)
		var got []int64
		for i, x := range s.spans {
			require.True(t, i == 0 || x.from > s.spans[i-1].to+1, "between two spans is a gap")
			for n := x.from; n <= x.to; n++ {
				got = append(got, n)
				require.True(t, want[n])
			}
		}
		require.Len(t, got, len(want))
	})
}
