package trace

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Version is the version of the trace file's format, in its header line.
const Version = 1

// Header is the first line of a trace file. It holds nothing that differs between two runs of the
// same scenario, seed and mode.
type Header struct {
	Version  int       `json:"trace"`
	Scenario string    `json:"scenario"`
	Seed     uint64    `json:"seed"`
	Mode     string    `json:"mode"`
	Start    time.Time `json:"start"` // world time at the start of the run
}

// wire is an event as it stands in the file. Empty fields are left out; times are seconds since the
// start of the run, with nine decimals.
type wire struct {
	T      json.Number `json:"t"`
	Device string      `json:"device,omitempty"`
	Kind   Kind        `json:"event"`
	Name   string      `json:"name,omitempty"`
	Client string      `json:"client,omitempty"`
	Topic  string      `json:"topic,omitempty"`
	Text   string      `json:"text,omitempty"`
	Cause  string      `json:"cause,omitempty"`
	// Payload is text where it is UTF-8, else Base64 holds it.
	Payload *string         `json:"payload,omitempty"`
	Base64  string          `json:"payload_base64,omitempty"`
	Decoded json.RawMessage `json:"decoded,omitempty"`
	QoS     byte            `json:"qos,omitempty"`
	Retain  bool            `json:"retain,omitempty"`
	Dup     bool            `json:"dup,omitempty"`
	Value   *float64        `json:"value,omitempty"`
	Offset  int64           `json:"offset,omitempty"`
	Count   int64           `json:"count,omitempty"`
	File    string          `json:"file,omitempty"`
	Line    int             `json:"line,omitempty"`
}

// MarshalJSON returns the event as one line of a trace file.
func (e Event) MarshalJSON() ([]byte, error) {
	w := wire{T: seconds(e.At), Device: e.Device, Kind: e.Kind, Name: e.Name, Client: e.Client, Topic: e.Topic, Text: e.Text,
		Cause: e.Cause, QoS: e.QoS, Retain: e.Retain, Dup: e.Dup, Offset: e.Offset, Count: e.Count, File: e.File, Line: e.Line}
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
	if err := enc.Encode(w); err != nil {
		return nil, fmt.Errorf("trace: encode %s event: %w", e.Kind, err)
	}
	return b.Bytes(), nil
}

// UnmarshalJSON reads an event back.
func (e *Event) UnmarshalJSON(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	at, err := parseSeconds(string(w.T))
	if err != nil {
		return err
	}
	*e = Event{At: at, Device: w.Device, Kind: w.Kind, Name: w.Name, Client: w.Client, Topic: w.Topic, Text: w.Text,
		Cause: w.Cause, QoS: w.QoS, Retain: w.Retain, Dup: w.Dup, Offset: w.Offset, Count: w.Count, File: w.File, Line: w.Line}
	e.Decoded = string(w.Decoded)
	if w.Value != nil {
		e.Value = *w.Value
	}
	switch {
	case w.Payload != nil:
		e.Payload = []byte(*w.Payload)
	case w.Base64 != "":
		if e.Payload, err = base64.StdEncoding.DecodeString(w.Base64); err != nil {
			return fmt.Errorf("trace: payload_base64: %w", err)
		}
	}
	return nil
}

func seconds(d time.Duration) json.Number {
	return json.Number(fmt.Sprintf("%d.%09d", d/time.Second, d%time.Second))
}

// parseSeconds reads seconds with at most nine decimals: exactly, which a float64 is not beyond some months.
func parseSeconds(s string) (time.Duration, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || sec >= math.MaxInt64/uint64(time.Second) || len(fraction) > 9 {
		return 0, fmt.Errorf("trace: time %q is not a number of seconds", s)
	}
	nanos, err := strconv.ParseUint((fraction + "000000000")[:9], 10, 63)
	if err != nil {
		return 0, fmt.Errorf("trace: time %q is not a number of seconds", s)
	}
	return time.Duration(sec)*time.Second + time.Duration(nanos), nil
}

// Writer writes a trace file, JSON Lines. Each Write call reaches the underlying writer before it
// returns, so that a process that dies leaves a readable trace of all turns but the last.
type Writer struct {
	w   io.Writer
	buf bytes.Buffer
}

// NewWriter writes the header line and returns a writer for the events.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	h.Version = Version
	line, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("trace: header: %w", err)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	return &Writer{w: w}, nil
}

// Write appends the events of a turn.
func (w *Writer) Write(events []Event) error {
	w.buf.Reset()
	for i := range events {
		line, err := events[i].MarshalJSON()
		if err != nil {
			return err
		}
		w.buf.Write(line)
	}
	if _, err := w.w.Write(w.buf.Bytes()); err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	return nil
}

// ErrTruncated means that a trace file ends inside a line, as after a full disk; what comes before is good.
var ErrTruncated = errors.New("trace: the last line is cut off")

// Read reads a trace file. Zeros at its end, as a run leaves that was killed, do not count. On error the events read so far are returned too.
func Read(r io.Reader) (Header, []Event, error) {
	var h Header
	var events []Event
	br := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		line, err := br.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(bytes.Trim(line, "\x00")) > 0 {
				return h, events, ErrTruncated
			}
			return h, events, nil
		}
		if err != nil {
			return h, events, fmt.Errorf("trace: line %d: %w", n, err)
		}
		if n == 1 {
			if err := json.Unmarshal(line, &h); err != nil || h.Version != Version {
				return h, nil, fmt.Errorf("trace: line 1 is not the header of a version %d trace", Version)
			}
			continue
		}
		var e Event
		if err := e.UnmarshalJSON(line); err != nil {
			return h, events, fmt.Errorf("line %d: %w", n, err)
		}
		events = append(events, e)
	}
}
