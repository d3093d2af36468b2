package html

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/run"
)

func modelOf(t *testing.T, r *recording) *model {
	in := r.input(t)
	s, err := surveyOf(in)
	require.NoError(t, err)
	m := newModel(s, namedIn(&r.sum))
	require.NoError(t, reading(in, m.read))
	return m
}

// on returns what is on a track, as times in seconds and kinds.
func on(m *model, group, label string) []string {
	var list []string
	id, ok := m.timeline.index[[2]string{group, label}]
	for _, x := range m.timeline.items.all {
		if ok && x.track == id {
			list = append(list, fmt.Sprintf("%g %s", float64(x.at)/1e6, m.timeline.kinds[x.kind]))
		}
	}
	return list
}

func TestTracksOfADevice(t *testing.T) {
	r := &recording{}
	for i, e := range []trace.Event{
		{Kind: trace.Power, Name: "on"},
		{Kind: trace.Boot, Cause: "power"},
		{Kind: trace.Connect}, {Kind: trace.Connack, Cause: "not authorized"},
		{Kind: trace.Connack, Cause: "success"}, {Kind: trace.Disconnect, Cause: "network"},
		{Kind: trace.Pin, Name: "LED", Value: 1}, {Kind: trace.Pin, Name: "LED"},
		{Kind: trace.Fault}, {Kind: trace.Reset}, {Kind: trace.Power, Name: "cut"},
		{Kind: trace.Power, Name: "cut", Text: "effect of cut", Count: 1},
	} {
		e.Device = "x"
		r.at(time.Duration(i)*time.Second, e)
	}
	r.at(time.Minute, trace.Event{Kind: trace.Network, Name: "cell", Text: "down"})
	r.at(2*time.Minute, trace.Event{Kind: trace.Network, Name: "cell", Text: "both ways latency 5s"})
	m := modelOf(t, r)
	require.Equal(t, []string{"0 starting", "1 running", "8 faulted", "9 starting", "10 off"}, on(m, "x", "power"))
	require.Equal(t, []string{"1 boot", "8 fault", "9 reset", "10 cut"}, on(m, "x", "resets"))
	require.Equal(t, []string{"2 connecting", "3 refused", "4 online", "5 offline"}, on(m, "x", "session"))
	require.Equal(t, []string{"6 high", "7 low"}, on(m, "x", "LED"))
	require.Equal(t, []string{"0 up", "60 down", "120 impaired"}, on(m, "", "network cell"))
}

func TestLongTraceIsMergedWithinBounds(t *testing.T) {
	s := newItemStore(4*maxItems, 10, time.Hour)
	require.Positive(t, s.merge)
	for n := range 4 * maxItems {
		s.add(item{at: int64(n) * time.Hour.Microseconds() / (4 * maxItems), track: n % 10, kind: n / 10 % 2, line: int32(n)}, n%10 == 0)
	}
	require.LessOrEqual(t, len(s.all), 2*maxItems, "two kinds on a lane")
	require.Greater(t, len(s.all), maxItems/4, "and no more is merged than need be")
	total := 0
	for _, x := range s.all {
		total += x.count
	}
	require.Equal(t, 4*maxItems, total, "none is lost")
	require.Zero(t, newItemStore(maxItems, 10, time.Hour).merge)
}

func TestMergedStateIsTheLast(t *testing.T) {
	s := &itemStore{merge: 1000, last: map[[2]int]int{}}
	for kind := range 3 {
		s.add(item{at: int64(kind), kind: kind}, true)
	}
	require.Len(t, s.all, 1)
	require.Equal(t, 2, s.all[0].kind)
}

func TestTextsInTheMiddleAreDropped(t *testing.T) {
	var l lines
	for n := range (maxChunks + 7) * chunkLines {
		_, err := l.add(fmt.Sprint(n))
		require.NoError(t, err)
	}
	require.Len(t, l.chunks, maxChunks)
	require.Equal(t, 7*chunkLines, l.lost)
	require.Zero(t, l.chunks[0].first)
	require.Equal(t, int32((maxChunks+6)*chunkLines), l.chunks[maxChunks-1].first, "the end is there")
}

func TestCurveKeepsItsExtremes(t *testing.T) {
	s := newSeries(time.Hour)
	peak := 0
	for n := range 360_000 {
		v := float64(n % 7)
		if n == 100_003 {
			v, peak = 1000, len(s.times)
		}
		s.add(int64(n)*10_000, v)
	}
	require.NotZero(t, peak)
	require.LessOrEqual(t, len(s.times), 4*maxPoints+4)
	require.Contains(t, s.values, 1000.0)
	require.IsIncreasing(t, s.times)
}

func TestSensorAndReportShareAPlot(t *testing.T) {
	list, left := modelOf(t, room()).plots.list()
	require.Zero(t, left)
	require.Equal(t, []string{"temperature", "seq"}, []string{list[0].Title, list[1].Title})
	require.Equal(t, []string{"sensor", "reported"}, []string{list[0].Curves[0].Label, list[0].Curves[1].Label})
	require.Len(t, list[0].Curves[1].Values, 360)
}

func TestLatencyByTopicPattern(t *testing.T) {
	l := newLatencies([]string{"a", "b"})
	for i, device := range []string{"a", "b"} {
		topic := "devices/" + device + "/command"
		l.take(&trace.Event{Kind: trace.Publish, Topic: topic, Payload: []byte("x"), At: time.Second})
		l.take(&trace.Event{Kind: trace.Deliver, Topic: topic, Payload: []byte("x"), At: time.Second + time.Duration(i)*time.Minute})
	}
	l.take(&trace.Event{Kind: trace.Deliver, Topic: "devices/a/command", Payload: []byte("from before"), At: time.Hour})
	rows := l.rows()
	require.Len(t, rows, 1)
	require.Equal(t, "devices/+/command", rows[0].Name)
	require.Equal(t, 2, rows[0].Count)
	require.Equal(t, "0", rows[0].Cells[0])
	require.Contains(t, rows[0].Cells[3], "1m0") // to two digits
	require.Len(t, rows[0].Bars, 2)
}

func TestPendingMessagesAreBounded(t *testing.T) {
	l := newLatencies(nil)
	for n := range 3 * maxPending {
		l.take(&trace.Event{Kind: trace.Publish, Topic: fmt.Sprint(n)})
	}
	require.LessOrEqual(t, len(l.pending), maxPending)
	require.LessOrEqual(t, len(l.order), maxPending)
}

func TestFleetInsteadOfLanes(t *testing.T) {
	r := crowd(fleetMembers + 1)
	r.sum.Failures = append(r.sum.Failures, newReportFailure("1 of 21 members: meters-0003"))
	m := modelOf(t, r)
	require.Equal(t, []string{"", "meters-0003"}, m.timeline.groups, "the member that a failure names has lanes")
	h := m.document().Fleets[0]
	require.Equal(t, []int{21, 21}, []int{h.Members, h.Rows})
	total := 0
	for _, n := range h.Messages {
		total += n
	}
	require.Equal(t, 8*21, total)
	column := func(minute int) int {
		return int((time.Duration(minute)*time.Minute + 30*time.Second).Microseconds() / h.Width)
	}
	require.Equal(t, []float64{0, 1, 1, 0}, []float64{h.Away[column(3)], h.Away[column(4)], h.Away[column(5)], h.Away[column(6)]})
	require.Equal(t, []string{"connected members", "messages a second", "level"}, []string{h.Plots[0].Title, h.Plots[1].Title, h.Plots[2].Title})
	rankings := m.fleets["meters"].rankings(m.survey.end)
	require.Equal(t, ranking{"messages sent", []string{"8", "8", "8", "8", "8", "8"}, "all alike"}, rankings[0])
	require.Empty(t, modelOf(t, crowd(fleetMembers)).fleets, "so few have lanes")
}

func TestManyMembersShareRows(t *testing.T) {
	h := modelOf(t, crowd(1000)).document().Fleets[0]
	require.LessOrEqual(t, h.Rows, heatRows)
	require.GreaterOrEqual(t, h.Rows*h.PerRow, 1000)
	require.Len(t, h.Messages, h.Rows*h.Columns)
}

func TestSourceHasVerdictsBesideItsLines(t *testing.T) {
	r := room()
	r.sum.Failures[0].Position = "room.yaml:4:5"
	page := pageOf(t, r.input(t))
	require.Contains(t, page, `<tr class="pass"><td class="mark">✓</td><td class="n">3</td>`)
	require.Contains(t, page, `<tr class="fail"><td class="mark">✗</td><td class="n">4</td>`)
	require.Contains(t, page, "the room went offline</span>")
}

func TestOnlyScenarioFilesGetIn(t *testing.T) {
	in := traceOf(`{"t":0.0,"event":"step","name":"steps[0]","text":"begin wait 1m","file":"/etc/passwd","line":1}` + "\n")
	in.ReadFile = func(name string) ([]byte, error) {
		t.Errorf("%s is read", name)
		return nil, nil
	}
	require.Contains(t, pageOf(t, in), "wait 1m")
}

func TestSweepTable(t *testing.T) {
	s := newSweep(&run.SweepResult{Device: "x", Torn: []string{"none", "after"}, Sizes: []int{4, 8, 8}, Runs: 4,
		Failed: []run.FailedCut{{Cut: run.Cut{Write: 2, Torn: "none"}, Message: "lost"}}})
	var rows []string
	for _, row := range s.Rows {
		var classes []string
		for _, c := range row.Cells {
			classes = append(classes, c.Class)
		}
		rows = append(rows, strings.Join(classes, " "))
	}
	require.Equal(t, []string{"pass fail none", "pass pass none"}, rows)
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0", 1500: "1.5µs", 85 * time.Millisecond: "85ms", 2400 * time.Millisecond: "2.4s", 123 * time.Second: "2m3s", 130 * time.Minute: "2h10m"} {
		require.Equal(t, want, short(d))
	}
	file, line := splitPosition("library:outage.yaml:30:13")
	require.Equal(t, []any{"library:outage.yaml", 30}, []any{file, line})
	fleet, number, ok := splitMember("meters-0017")
	require.Equal(t, []any{"meters", 17, true}, []any{fleet, number, ok})
	for _, single := range []string{"meters-17", "thermo", "-0017", ""} {
		_, _, ok := splitMember(single)
		require.False(t, ok, single)
	}
	require.Equal(t, "0xfffe01", messageText(&trace.Event{Payload: []byte{0xff, 0xfe, 1}}))
}
