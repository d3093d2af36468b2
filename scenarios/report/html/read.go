package html

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/twinrig/twinrig/internal/trace"
)

// errHeader means that a file is no trace at all.
var errHeader = errors.New("its first line is not the header of a trace")

// read hands the events of a trace to take, in their order and one at a time. A trace that is cut off or
// damaged is read up to there: flaw says so, in words for the reader of the report.
func read(r io.Reader, take func(*trace.Event)) (h trace.Header, flaw string, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		whole := err == nil
		if err != nil && !errors.Is(err, io.EOF) {
			return h, flaw, fmt.Errorf("line %d: %w", n, err)
		}
		if !whole && len(bytes.Trim(line, "\x00")) == 0 { // a run that was killed leaves zeros
			if n == 1 {
				return h, "", errHeader
			}
			return h, flaw, nil
		}
		if n == 1 {
			if json.Unmarshal(line, &h) != nil || h.Version != trace.Version {
				return h, "", errHeader
			}
			continue
		}
		var e trace.Event
		if err := e.UnmarshalJSON(line); err != nil {
			if whole {
				return h, fmt.Sprintf("Line %d of the trace is damaged; the report ends there.", n), nil
			}
			return h, fmt.Sprintf("The trace is cut off in line %d; the report is complete up to there.", n), nil
		}
		take(&e)
		if !whole {
			return h, flaw, nil
		}
	}
}
