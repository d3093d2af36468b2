package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Writer writes a trace file, JSON Lines. Each Write call reaches the underlying writer before it
// returns, so that a process that dies leaves a readable trace of all turns but the last.
type Writer struct {
	w   io.Writer
	buf []byte
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

// pieceSize is how many bytes of a large turn are put together before they are written.
const pieceSize = 64 << 10

// Write appends the events of a turn.
func (w *Writer) Write(events []Event) (err error) {
	w.buf = w.buf[:0]
	for i := range events {
		if w.buf, err = events[i].AppendJSON(w.buf); err != nil {
			return err
		}
		if len(w.buf) >= pieceSize {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return w.flush()
}

func (w *Writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	if _, err := w.w.Write(w.buf); err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	w.buf = w.buf[:0]
	return nil
}

// ErrTruncated means that a trace file ends inside a line, as after a full disk; what comes before is good.
var ErrTruncated = errors.New("trace: the last line is cut off")

// Reader reads a trace file event by event.
type Reader struct {
	Header Header
	in     *bufio.Reader
	line   int // the last one that was read
	event  Event
	err    error
}

// NewReader reads the header of a trace file. It returns the reader also where the header is broken; Next is false then.
func NewReader(r io.Reader) *Reader {
	t := &Reader{in: bufio.NewReaderSize(r, 1<<16)}
	line, ok := t.next()
	if !ok {
		return t
	}
	if err := json.Unmarshal(line, &t.Header); err != nil || t.Header.Version != Version {
		t.err = fmt.Errorf("trace: line 1 is not the header of a version %d trace", Version)
	}
	return t
}

// Next reads the next event; false at the end, or where Err is not nil.
func (t *Reader) Next() bool {
	line, ok := t.next()
	if !ok {
		return false
	}
	if err := t.event.UnmarshalJSON(line); err != nil {
		t.err = fmt.Errorf("line %d: %w", t.line, err)
		return false
	}
	return true
}

// Event returns the event that Next read.
func (t *Reader) Event() Event { return t.event }

// Err returns why Next was false before the end of the file; ErrTruncated where its last line is cut off. Zeros at
// the end, as a run leaves that was killed, do not count.
func (t *Reader) Err() error { return t.err }

// next reads a line with its end. A zero ends the file, also one that never ends, as /dev/full: no line has one.
func (t *Reader) next() (line []byte, ok bool) {
	if t.err != nil {
		return nil, false
	}
	t.line++
	for {
		piece, err := t.in.ReadSlice('\n')
		zero := bytes.IndexByte(piece, 0)
		if zero >= 0 {
			piece = piece[:zero]
		}
		line = append(line, piece...)
		switch {
		case zero >= 0 || errors.Is(err, io.EOF):
			if len(line) > 0 {
				t.err = ErrTruncated
			}
			return nil, false
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			t.err = fmt.Errorf("trace: line %d: %w", t.line, err)
			return nil, false
		default:
			return line, true
		}
	}
}

// Read reads a trace file whole; see Reader for one too large for that. On error the events read so far are returned too.
func Read(r io.Reader) (Header, []Event, error) {
	t := NewReader(r)
	var events []Event
	for t.Next() {
		events = append(events, t.Event())
	}
	return t.Header, events, t.Err()
}
