package trace

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// byReflection is how an event was encoded at first, and what AppendJSON must equal to the byte.
func byReflection(e Event) ([]byte, error) {
	w := wire{T: json.Number(fmt.Sprintf("%d.%09d", e.At/time.Second, e.At%time.Second)), Device: e.Device, Kind: e.Kind, Name: e.Name, Client: e.Client,
		Topic: e.Topic, Text: e.Text, Cause: e.Cause, QoS: e.QoS, Retain: e.Retain, Dup: e.Dup, Offset: e.Offset, Count: e.Count, File: e.File, Line: e.Line}
	if e.Kind == Pin || e.Kind == Sensor || e.Kind == Battery {
		w.Value = &e.Value
	}
	if e.Payload != nil {
		if utf8.Valid(e.Payload) {
			text := string(e.Payload)
			w.Payload = &text
		} else {
			w.Base64 = base64.StdEncoding.EncodeToString(e.Payload)
		}
	}
	if e.Decoded != "" {
		w.Decoded = json.RawMessage(e.Decoded)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(w)
	return b.Bytes(), err
}

func TestAppendJSONEqualsEncodingJSON(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[\x00-\x20"\\<>&\x7f\x{2027}-\x{202a}\x{fffd}é]{0,8}`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 8), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		e := Event{
			At: time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "at")), Device: text.Draw(t, "device"), Kind: Kind(text.Draw(t, "other kind")),
			Name: text.Draw(t, "name"), Topic: text.Draw(t, "topic"), Client: text.Draw(t, "client"), Cause: text.Draw(t, "cause"), Text: text.Draw(t, "text"),
			File: text.Draw(t, "file"), Line: rapid.Int().Draw(t, "line"), QoS: rapid.Byte().Draw(t, "qos"), Retain: rapid.Bool().Draw(t, "retain"),
			Dup: rapid.Bool().Draw(t, "dup"), Offset: rapid.Int64().Draw(t, "offset"), Count: rapid.Int64().Draw(t, "count"), Value: rapid.Float64().Draw(t, "value"),
			Decoded: rapid.SampledFrom([]string{"", `{"a": [1, "<\u2028>"]}`, "{", "1 2"}).Draw(t, "decoded"),
		}
		if rapid.Bool().Draw(t, "known kind") {
			e.Kind = rapid.SampledFrom(Kinds()).Draw(t, "kind")
		}
		switch rapid.IntRange(0, 2).Draw(t, "payload") {
		case 1:
			e.Payload = rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes")
		case 2:
			e.Payload = []byte(text.Draw(t, "text payload"))
		}
		want, wantErr := byReflection(e)
		got, err := e.AppendJSON([]byte("before"))
		if wantErr != nil {
			require.Error(t, err)
			require.Equal(t, "before", string(got), "nothing of an event that has no line")
			return
		}
		require.NoError(t, err)
		require.Equal(t, "before"+string(want), string(got))
	})
}

func TestAppendJSONRefusesWhatIsNoJSON(t *testing.T) {
	for name, e := range map[string]Event{
		"NaN": {Kind: Sensor, Value: math.NaN()}, "infinity": {Kind: Battery, Value: math.Inf(-1)}, "a time before the start": {Kind: Boot, At: -1},
	} {
		_, err := e.AppendJSON(nil)
		require.Error(t, err, name)
	}
}

func TestAppendJSONAllocatesNothing(t *testing.T) {
	e := reading(7)
	buf := make([]byte, 0, 1024)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		var err error
		if buf, err = e.AppendJSON(buf[:0]); err != nil {
			panic(err)
		}
	}))
}

// reading is the n-th reading of a meter, as a fleet sends most.
func reading(n int) Event {
	return Event{At: time.Duration(n) * 1234567, Device: fmt.Sprintf("meters[%d]", n%1000), Kind: Publish, Client: fmt.Sprintf("meters-%d", n%1000), QoS: 1,
		Topic: fmt.Sprintf("meters/meters-%d/reading", n%1000), Payload: fmt.Appendf(nil, `{"seq":%d,"energy":%d.25,"battery":98}`, n, n)}
}

func BenchmarkWriter(b *testing.B) {
	for name, write := range map[string]func(*Writer, *Event) error{
		"append": func(w *Writer, e *Event) error { return w.Write([]Event{*e}) },
		"reflection": func(w *Writer, e *Event) error {
			line, err := byReflection(*e)
			if err == nil {
				_, err = w.w.Write(line)
			}
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			w, err := NewWriter(io.Discard, Header{})
			require.NoError(b, err)
			e := reading(7)
			b.ReportAllocs()
			for b.Loop() {
				if err := write(w, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The collector's cost of an event: in turns of one, as most are, and where a fleet acts at one instant.
func BenchmarkCollector(b *testing.B) {
	for _, size := range []int{1, 1000} {
		b.Run(fmt.Sprintf("turns of %d", size), func(b *testing.B) {
			c := NewCollector(func() time.Duration { return 0 }, func() {})
			events := make([]Event, size)
			for i := range events {
				events[i] = reading(i * 7919)
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				c.Emit(events[n%size])
				if (n+1)%size == 0 && len(c.Turn()) != size {
					b.Fatal("an event is missing")
				}
			}
		})
	}
}
