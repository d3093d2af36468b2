package html

import (
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
)

// survey is what the first reading of a trace finds out.
type survey struct {
	header   trace.Header
	flaw     string // where the trace cannot be read to its end
	events   int
	end      time.Duration
	devices  []string            // sorted, members of fleets too
	fleets   map[string]*members // by name
	networks map[string]bool     // of which something is told
	lanes    int                 // kinds of things that happened on devices that are no members
	steps    []trace.Event
	verdict  *trace.Event // the last one, where the run came to its end
}

// members are the devices of a fleet.
type members struct {
	name  string
	first int // the lowest number
	last  int
	count int
}

func takeSurvey(r io.Reader) (*survey, error) {
	s := &survey{fleets: map[string]*members{}, networks: map[string]bool{}}
	type lane struct {
		device, name string
		kind         trace.Kind
	}
	devices, lanes := map[string]bool{}, map[lane]bool{}
	var err error
	s.header, s.flaw, err = read(r, func(e *trace.Event) {
		s.events++
		s.end = max(s.end, e.At)
		devices[e.Device] = true
		switch e.Kind {
		case trace.Step:
			s.steps = append(s.steps, *e)
		case trace.Verdict:
			s.verdict = e
		case trace.Network:
			s.networks[e.Name] = true
		case trace.Pin, trace.Sensor:
			lanes[lane{e.Device, e.Name, e.Kind}] = true
		default:
			lanes[lane{e.Device, "", e.Kind}] = true
		}
	})
	if err != nil {
		return nil, err
	}
	delete(devices, "")
	s.devices = slices.Sorted(maps.Keys(devices))
	s.findFleets()
	for l := range lanes {
		if s.fleetOf(l.device) == nil {
			s.lanes++
		}
	}
	return s, nil
}

func (s *survey) findFleets() {
	for _, d := range s.devices {
		name, number, ok := splitMember(d)
		if !ok {
			continue
		}
		f := s.fleets[name]
		if f == nil {
			f = &members{name: name, first: number}
			s.fleets[name] = f
		}
		f.first, f.last = min(f.first, number), max(f.last, number)
		f.count++
	}
	maps.DeleteFunc(s.fleets, func(_ string, f *members) bool { return f.count <= fleetMembers })
}

// fleetOf returns the fleet of a device; nil where it is no member of one.
func (s *survey) fleetOf(device string) *members {
	name, _, ok := splitMember(device)
	if !ok {
		return nil
	}
	return s.fleets[name]
}

// splitMember splits the name of a member of a fleet, as in meters-0017, into the fleet and the number.
func splitMember(device string) (fleet string, number int, ok bool) {
	dash := len(device) - 1
	for dash > 0 && device[dash] >= '0' && device[dash] <= '9' {
		dash--
	}
	digits := device[dash+1:]
	if dash < 1 || device[dash] != '-' || len(digits) < 4 || len(digits) > 9 {
		return "", 0, false
	}
	number, err := strconv.Atoi(digits)
	return device[:dash], number, err == nil
}
