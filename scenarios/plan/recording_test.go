package plan

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// readRecording reads text as the file r.csv.
func readRecording(text string, column string) ([]lang.Sample, diag.List) {
	l := &loader{opts: Options{ReadFile: func(string) ([]byte, error) { return []byte(text), nil }}, files: map[string][]byte{}}
	v := lang.SenseValue{File: &lang.Recording{Name: "r.csv", Column: column}}
	l.recording(&v, "x")
	return v.File.Samples, l.diags
}

func TestRecordings(t *testing.T) {
	at := func(line, col int) diag.Position { return diag.Position{File: "r.csv", Line: line, Col: col} }
	for name, test := range map[string]struct {
		text, column string
		want         []lang.Sample
	}{
		"seconds and durations": {"time,value\n0,1\n1.5,2\n1m,-3e1\n1h30m,4\n", "", []lang.Sample{
			{At: 0, Value: 1, Pos: at(2, 3)}, {At: 1500 * time.Millisecond, Value: 2, Pos: at(3, 5)}, {At: time.Minute, Value: -30, Pos: at(4, 4)}, {At: 90 * time.Minute, Value: 4, Pos: at(5, 7)},
		}},
		"a byte order mark, spaces, quotes, no end": {"\xef\xbb\xbf time , lab \r\n \"0\", 1 ", "", []lang.Sample{{Value: 1, Pos: at(2, 8)}}},
		"one column of many":                        {"a,time,b\nx,0,7\n", "b", []lang.Sample{{Value: 7, Pos: at(2, 5)}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, faults := readRecording(test.text, test.column)
			require.Empty(t, faults)
			require.Len(t, got, len(test.want))
			for i := range got {
				got[i].Pos.Col, test.want[i].Pos.Col = 0, 0
			}
			require.Equal(t, test.want, got)
		})
	}
}

func FuzzRecording(f *testing.F) {
	for _, text := range []string{"time,value\n0,1\n1m,2\n", "time\n", "", "time,value\n,\n\"", "value,time\n1,1e9\n2,1e99\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		samples, faults := readRecording(text, "")
		require.NotEqual(t, len(samples) == 0, len(faults) == 0, "samples or faults")
		for _, fault := range faults {
			require.Equal(t, "r.csv", fault.File)
			require.Positive(t, fault.Line)
			require.NotEmpty(t, fault.Message)
		}
		for i := 1; i < len(samples); i++ {
			require.Less(t, samples[i-1].At, samples[i].At)
		}
	})
}
