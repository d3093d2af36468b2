package html

import (
	"errors"
	"fmt"
	"io"

	"github.com/twinrig/twinrig/internal/trace"
)

// errHeader means that a file is no trace at all.
var errHeader = errors.New("its first line is not the header of a trace that can be read")

// read hands the events of a trace to take, in their order and one at a time. A trace that is cut off or
// damaged is read up to there: flaw says so, in words for the reader of the report.
func read(r io.Reader, take func(*trace.Event)) (h trace.Header, flaw string, err error) {
	in := trace.NewReader(r)
	line := 1
	for in.Next() {
		line++
		e := in.Event()
		take(&e)
	}
	line++
	switch err := in.Err(); {
	case in.Header.Version > trace.Version:
		return in.Header, "", fmt.Errorf("%w: it is of version %d, and this program reads %d", errHeader, in.Header.Version, trace.Version)
	case in.Header.Version != trace.Version:
		return in.Header, "", errHeader
	case errors.Is(err, trace.ErrTruncated):
		flaw = fmt.Sprintf("The trace is cut off in line %d; the report is complete up to there.", line)
	case err != nil:
		flaw = fmt.Sprintf("Line %d of the trace is damaged; the report ends there.", line)
	}
	return in.Header, flaw, nil
}
