package trace

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCollectorOrdersATurnByDevice(t *testing.T) {
	pokes := 0
	c := NewCollector(func() time.Duration { return time.Second }, func() { pokes++ })
	for _, e := range []Event{{Device: "b", Text: "1"}, {Device: "a", Text: "1"}, {Device: "b", Text: "2"}, {Text: "bench"}, {Device: "a", Text: "2"}} {
		c.Emit(e)
	}
	require.Equal(t, 5, pokes, "each event makes the loop take a turn")
	var got []string
	for _, e := range c.Turn() {
		require.Equal(t, time.Second, e.At)
		got = append(got, e.Device+e.Text)
	}
	require.Equal(t, []string{"bench", "a1", "a2", "b1", "b2"}, got)
	require.Empty(t, c.Turn(), "a turn is handed out once")
	c.Close()
	c.Emit(Event{})
	require.Empty(t, c.Turn(), "nothing is recorded once the run is over")
}

func TestCollectorDoesNotDependOnWhoWasFirst(t *testing.T) {
	order := func(shuffle *rand.Rand) string {
		c := NewCollector(func() time.Duration { return 0 }, func() {})
		next := map[string]int{"a": 0, "b": 0, "c": 0}
		for range 60 {
			d := string(rune('a' + shuffle.IntN(3)))
			if next[d] < 10 {
				c.Emit(Event{Device: d, Text: string(rune('0' + next[d]))})
				next[d]++
			}
		}
		for d, n := range next {
			for ; n < 10; n++ {
				c.Emit(Event{Device: d, Text: string(rune('0' + n))})
			}
		}
		var b strings.Builder
		for _, e := range c.Turn() {
			b.WriteString(e.Device + e.Text)
		}
		return b.String()
	}
	want := order(rand.New(rand.NewPCG(0, 0)))
	for i := range uint64(50) {
		require.Equal(t, want, order(rand.New(rand.NewPCG(i, 1))))
	}
}

func events() *rapid.Generator[[]Event] {
	return rapid.SliceOf(rapid.Custom(func(t *rapid.T) Event {
		text := rapid.StringMatching(`[ -~äß°"\\]{0,12}`)
		e := Event{
			At:     time.Duration(rapid.Int64Range(0, int64(200*365*24*time.Hour)).Draw(t, "at")),
			Device: text.Draw(t, "device"), Kind: rapid.SampledFrom(Kinds()).Draw(t, "kind"), Name: text.Draw(t, "name"),
			Topic: text.Draw(t, "topic"), Client: text.Draw(t, "client"), Cause: text.Draw(t, "cause"), Text: text.Draw(t, "text"),
			QoS: byte(rapid.IntRange(0, 2).Draw(t, "qos")), Retain: rapid.Bool().Draw(t, "retain"), Dup: rapid.Bool().Draw(t, "dup"),
			Offset: rapid.Int64Range(0, 1<<40).Draw(t, "offset"), Count: rapid.Int64Range(0, 1<<40).Draw(t, "count"),
		}
		if rapid.Bool().Draw(t, "has payload") {
			e.Payload = rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "payload")
		}
		if e.Kind == Pin || e.Kind == Sensor || e.Kind == Battery {
			e.Value = rapid.Float64Range(-1e6, 1e6).Draw(t, "value")
		}
		return e
	}))
}

func TestFileReadsBackWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := events().Draw(t, "events")
		var b bytes.Buffer
		h := Header{Scenario: "s", Seed: 1 << 63, Mode: "sim", Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		w, err := NewWriter(&b, h)
		require.NoError(t, err)
		require.NoError(t, w.Write(want))
		gotHeader, got, err := Read(&b)
		require.NoError(t, err)
		h.Version = Version
		require.Equal(t, h, gotHeader)
		if diff := cmp.Diff(append([]Event{}, want...), append([]Event{}, got...)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestReadSaysWhereAFileIsBroken(t *testing.T) {
	header := `{"trace":1,"scenario":"s","seed":1,"mode":"sim","start":"2026-01-01T00:00:00Z"}` + "\n"
	good := `{"t":1.000000000,"event":"boot"}` + "\n"
	for name, test := range map[string]struct {
		file    string
		events  int
		wantErr string
	}{
		"not a trace":     {"hello\n", 0, "line 1 is not the header"},
		"another version": {`{"trace":99}` + "\n", 0, "line 1 is not the header of a version 1 trace"},
		"broken line":     {header + good + "{\n", 1, "line 3"},
		"time too fine":   {header + `{"t":1.0000000001,"event":"boot"}` + "\n", 0, "line 2"},
		"time too large":  {header + `{"t":99999999999,"event":"boot"}` + "\n", 0, "line 2"},
		"broken time":     {header + `{"t":-1,"event":"boot"}` + "\n", 0, "line 2"},
		"cut off":         {header + good + good[:9], 1, ErrTruncated.Error()},
		"cut off, zeros":  {header + good + good[:9] + "\x00\x00", 1, ErrTruncated.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			_, events, err := Read(strings.NewReader(test.file))
			require.ErrorContains(t, err, test.wantErr)
			require.Len(t, events, test.events, "what comes before the fault is returned")
		})
	}
}

func TestReadPassesOverZerosAtTheEnd(t *testing.T) {
	_, events, err := Read(strings.NewReader(`{"trace":1}` + "\n" + `{"t":1.5,"event":"boot"}` + "\n" + strings.Repeat("\x00", 100)))
	require.NoError(t, err)
	require.Len(t, events, 1)
}

// zeros never end, as those of /dev/full.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestReadEndsAtZerosThatDoNot(t *testing.T) {
	_, events, err := Read(io.MultiReader(strings.NewReader(`{"trace":1}`+"\n"+`{"t":1.5,"event":"boot"}`+"\n"), zeros{}))
	require.NoError(t, err)
	require.Len(t, events, 1)
	_, _, err = Read(zeros{})
	require.NoError(t, err)
}

type fullDisk struct{ room int }

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		return 0, errFull
	}
	d.room -= len(p)
	return len(p), nil
}

func TestWriterReportsAFullDisk(t *testing.T) {
	w, err := NewWriter(&fullDisk{room: 100}, Header{})
	require.NoError(t, err)
	require.ErrorIs(t, w.Write(make([]Event, 10)), errFull)
	_, err = NewWriter(&fullDisk{}, Header{})
	require.ErrorIs(t, err, errFull)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"trace":1}` + "\n" + `{"t":0.5,"event":"pin","value":1,"payload_base64":"AA=="}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, events, _ := Read(bytes.NewReader(data))
		for _, e := range events {
			if _, err := e.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
