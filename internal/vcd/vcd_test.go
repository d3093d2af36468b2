package vcd

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/twinrig/twinrig/internal/trace"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func edge(at time.Duration, device, pin string, level float64) trace.Event {
	return trace.Event{At: at, Kind: trace.Pin, Device: device, Name: pin, Value: level}
}

func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, "pump $end, seed 1", start, []Pin{{"a", "LED", false}, {"a", "KEY", true}, {"b 1", "LED", false}})
	require.NoError(t, err)
	require.NoError(t, w.Write([]trace.Event{
		edge(0, "a", "LED", 1),
		{At: time.Second, Kind: trace.Sensor, Device: "a", Name: "LED", Value: 1},
		edge(time.Second+1500, "b 1", "LED", 1),
		edge(time.Second+1900, "b 1", "LED", 0),
		edge(time.Second+2000, "a", "UNKNOWN", 0),
	}))
	require.NoError(t, w.End(time.Minute))
	require.Equal(t, `$date 2026-01-01T00:00:00Z $end
$version twinrig $end
$comment pump  end, seed 1 $end
$timescale 1 us $end
$scope module a $end
$var wire 1 ! LED $end
$var wire 1 " KEY $end
$upscope $end
$scope module b_1 $end
$var wire 1 # LED $end
$upscope $end
$enddefinitions $end
#0
$dumpvars
0!
1"
0#
$end
1!
#1000001
1#
0#
#60000000
`, b.String())
}

// TestIdentifiersAreShortAndDiffer: as many as a fleet has pins.
func TestIdentifiersAreShortAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for n := range 20000 {
		id := identifier(n)
		require.False(t, seen[id], id)
		require.LessOrEqual(t, len(id), 3)
		require.Equal(t, -1, strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }), "%q", id)
		seen[id] = true
	}
}

func TestNamesAreOneWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		var b bytes.Buffer
		_, err := NewWriter(&b, name, start, []Pin{{name, name, false}})
		require.NoError(t, err)
		head, _, found := strings.Cut(b.String(), "$enddefinitions")
		require.True(t, found)
		require.Len(t, strings.Fields(strings.Split(head, "\n")[4]), 4, "$scope module NAME $end")
		require.Len(t, strings.Fields(strings.Split(head, "\n")[5]), 6, "$var wire 1 ID NAME $end")
	})
}

type fullDisk struct{}

var errFull = errors.New("no space left on device")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriterReportsAFullDisk(t *testing.T) {
	_, err := NewWriter(fullDisk{}, "", start, nil)
	require.ErrorIs(t, err, errFull)
}

func ExampleWriter() {
	var b bytes.Buffer
	w, err := NewWriter(&b, "blink", start, []Pin{{Device: "lamp", Name: "LED"}})
	if err != nil {
		panic(err)
	}
	if err := w.Write([]trace.Event{edge(time.Millisecond, "lamp", "LED", 1)}); err != nil {
		panic(err)
	}
	_, changes, _ := strings.Cut(b.String(), "$dumpvars\n")
	fmt.Print(changes)
	// Output:
	// 0!
	// $end
	// #1000
	// 1!
}
