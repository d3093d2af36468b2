package vtime

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// An agenda gives out what is in it in the order of time, class, source and sequence, whatever was taken back.
func TestAgendaKeepsItsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a agenda
		var model []entry
		for i := range rapid.IntRange(1, 300).Draw(t, "actions") {
			if len(model) > 0 && rapid.IntRange(0, 3).Draw(t, "take back") == 0 {
				k := rapid.IntRange(0, len(model)-1).Draw(t, "which")
				a.remove(model[k].timer.place)
				require.Negative(t, model[k].timer.place)
				model = slices.Delete(model, k, k+1)
				continue
			}
			e := entry{at: time.Duration(rapid.IntRange(0, 9).Draw(t, "at")), timer: &Timer{},
				order: orderOf(Class(rapid.IntRange(0, 5).Draw(t, "class")), rapid.IntRange(1, 9).Draw(t, "source"), uint64(i))}
			a.add(e)
			model = append(model, e)
		}
		slices.SortFunc(model, func(x, y entry) int {
			if x.before(y) {
				return -1
			}
			return 1
		})
		for _, want := range model {
			require.Same(t, want.timer, a.pop())
		}
		require.Empty(t, a)
	})
}
