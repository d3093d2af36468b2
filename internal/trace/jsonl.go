package trace

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
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
func (e Event) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

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
