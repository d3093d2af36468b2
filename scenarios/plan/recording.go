package plan

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// timeColumn is the name of the column of times.
const timeColumn = "time"

// recording reads the file of a value, if it has one. Its faults carry positions in that file.
func (l *loader) recording(v *lang.SenseValue, path string) {
	r := v.File
	if r == nil || r.Name == "" || r.Samples != nil {
		return
	}
	name := Resolve(r.Pos.File, r.Name)
	data, err := l.opts.ReadFile(name)
	if err != nil {
		l.diags.Addf(r.Pos, path+".file", "%s cannot be read: %v", name, err)
		return
	}
	l.files[name] = data
	reader := recordingReader{file: name, faults: &l.diags, csv: csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))}
	reader.csv.FieldsPerRecord = -1 // its own message names both numbers
	reader.csv.TrimLeadingSpace = true
	before := len(l.diags)
	r.Samples = reader.read(r.Column)
	if len(l.diags) > before {
		r.Samples = nil
		return
	}
	if r.Repeat && r.Samples[len(r.Samples)-1].At < shortestRecording {
		l.diags.Add(r.Pos, path+".repeat", fmt.Sprintf("%s has no length that could be repeated", name), "its last line's time is when it begins again, 100ms at the least")
	}
}

// shortestRecording is the least length of what is repeated, as of a wave.
const shortestRecording = 100 * time.Millisecond

// recordings reads the files of steps that were checked already, in the copy that an each makes of them.
func (l *loader) recordings(steps []lang.Step) {
	for i := range steps {
		s := &steps[i]
		for j := range s.Sense {
			l.recording(&s.Sense[j].Value, s.Path+".sense."+s.Sense[j].Name)
		}
		for _, inner := range s.Inner() {
			l.recordings(inner)
		}
	}
}

// recordingReader reads a CSV file of samples.
type recordingReader struct {
	file   string
	csv    *csv.Reader
	faults *diag.List
	header []string
	found  int // faults in this file
}

// maxRecordingFaults ends the list of what is wrong with a file that is no such file.
const maxRecordingFaults = 20

// fault reports a fault at a cell of the line read last, and whether there may be more.
func (r *recordingReader) fault(column int, message, hint string) {
	line, col := 1, 1
	if column >= 0 {
		line, col = r.csv.FieldPos(column)
	}
	r.faults.Add(diag.Position{File: r.file, Line: line, Col: col}, "", message, hint)
	r.found++
}

// syntax reports what the CSV reader says; it does not go on behind it.
func (r *recordingReader) syntax(err error) {
	pos := diag.Position{File: r.file, Line: 1, Col: 1}
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		pos.Line, pos.Col, err = bad.Line, bad.Column, bad.Err
	}
	r.faults.Add(pos, "", "not CSV: "+err.Error(), "a header such as time,value, then a line for each time")
	r.found++
}

func (r *recordingReader) read(column string) []lang.Sample {
	var err error
	if r.header, err = r.csv.Read(); err != nil {
		if errors.Is(err, io.EOF) {
			r.fault(-1, "the file is empty", "a header such as time,value, then a line for each time")
		} else {
			r.syntax(err)
		}
		return nil
	}
	for i := range r.header {
		r.header[i] = strings.TrimSpace(r.header[i])
	}
	at, value := slices.Index(r.header, timeColumn), r.column(column)
	if at < 0 {
		r.fault(0, "there is no column time", "the header has "+strings.Join(r.header, ", "))
	}
	if at < 0 || value < 0 {
		return nil
	}
	samples := r.lines(at, value)
	if len(samples) == 0 && r.found == 0 {
		r.fault(-1, "there is no line below the header", "")
	}
	return samples
}

// column returns the index of the column of values, or -1 where that was reported.
func (r *recordingReader) column(name string) int {
	var others []string
	for _, h := range r.header {
		if h != timeColumn {
			others = append(others, h)
		}
	}
	if name == "" {
		switch {
		case slices.Contains(others, "value"):
			name = "value"
		case len(others) == 1:
			name = others[0]
		default:
			hint := "a header such as time,value"
			if len(others) > 0 {
				hint = "say which, as in column: " + others[0]
			}
			r.fault(0, fmt.Sprintf("there are %d columns beside time", len(others)), hint)
			return -1
		}
	}
	i := slices.Index(r.header, name)
	if i < 0 || name == timeColumn {
		r.fault(0, fmt.Sprintf("there is no column %q of values", name), diag.DidYouMean(name, others))
		return -1
	}
	return i
}

func (r *recordingReader) lines(at, value int) []lang.Sample {
	var samples []lang.Sample
	for r.found < maxRecordingFaults {
		record, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			return samples
		}
		if err != nil {
			r.syntax(err)
			return nil
		}
		if len(record) != len(r.header) {
			r.fault(0, fmt.Sprintf("%d cells, where the header has %d", len(record), len(r.header)), "")
			continue
		}
		t, okTime := r.time(record[at], at)
		v, okValue := r.number(record[value], value)
		if !okTime || !okValue {
			continue
		}
		if n := len(samples); n > 0 && t <= samples[n-1].At {
			r.fault(at, fmt.Sprintf("the time %s is not after the one before, %s", strings.TrimSpace(record[at]), samples[n-1].At), "times rise from line to line")
			continue
		}
		line, col := r.csv.FieldPos(value)
		samples = append(samples, lang.Sample{At: t, Value: v, Pos: diag.Position{File: r.file, Line: line, Col: col}})
	}
	return samples
}

// time reads a time: seconds, or a duration.
func (r *recordingReader) time(cell string, column int) (time.Duration, bool) {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		r.fault(column, "the time is missing", "")
		return 0, false
	}
	const longest = 100 * 365 * 24 * time.Hour
	if seconds, err := strconv.ParseFloat(cell, 64); err == nil {
		if seconds < 0 || seconds > longest.Seconds() || math.IsNaN(seconds) {
			r.fault(column, fmt.Sprintf("the time %s is out of bounds", cell), "seconds from the start of the file, at most a hundred years")
			return 0, false
		}
		return time.Duration(math.Round(seconds * float64(time.Second))), true
	}
	d, err := lang.ParseDuration(cell)
	if err != nil || d > longest {
		r.fault(column, fmt.Sprintf("%q is not a time", cell), "seconds, or a duration such as 90s or 1h30m")
		return 0, false
	}
	return d, true
}

func (r *recordingReader) number(cell string, column int) (float64, bool) {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		r.fault(column, fmt.Sprintf("the cell of %s is empty", r.header[column]), "leave the line out; between two lines the values lie on a straight line, or hold with interpolate: steps")
		return 0, false
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		r.fault(column, fmt.Sprintf("%q is not a number", cell), "")
		return 0, false
	}
	return v, true
}
