package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/scenarios/plan"
)

func loadFleet(t *testing.T, devices string) *plan.Plan {
	t.Helper()
	p, diags := load(txtar.Parse([]byte("-- main.yaml --\nscenario: x\ndevices:\n" + devices + "\nsteps: [{wait: 1s}]\n" + kinds)))
	require.Empty(t, diags)
	return p
}

func TestFleet(t *testing.T) {
	p := loadFleet(t, `  a: {kind: k.kind.yaml}
  fleet: {kind: k.kind.yaml, count: 500, spread: 60s, labels: {site: {berlin: 30%, oslo: 70%}, line: west}}
  b: {kind: k.kind.yaml, identity: "fleet[3]"}`)
	require.Len(t, p.Devices, 502)
	f := p.Fleet("fleet")
	require.Equal(t, 1, f.First)
	require.True(t, f.Contains(1) && f.Contains(500) && !f.Contains(0) && !f.Contains(501))
	require.Equal(t, f.Members, p.Members("fleet"))
	require.Equal(t, []string{"a"}, p.Members("a"))
	require.Equal(t, []string{"fleet-0003"}, p.Members("fleet[3]"))
	require.Equal(t, []string{"fleet-0500"}, p.Members("fleet-0500"))
	require.Empty(t, p.Members("fleet[501]"))
	require.Empty(t, p.Members("nobody"))

	member := p.Device("fleet[3]")
	require.Equal(t, "fleet-0003", member.Name)
	require.Equal(t, "c-fleet-0003", member.Identity.ClientID)
	require.Equal(t, "west", member.Labels["line"])
	require.Equal(t, member.Identity, p.Device("b").Identity, "identity of a member")
	require.Equal(t, "fleet-0003", p.Device("b").Owner)
	require.NotEqual(t, member.Identity.Password, p.Device("fleet[4]").Identity.Password)

	sites := map[string]int{}
	for _, name := range f.Members[:100] {
		sites[p.Device(name).Labels["site"]]++
	}
	require.Equal(t, map[string]int{"berlin": 30, "oslo": 70}, sites, "each stretch of members has its shares")

	require.Equal(t, time.Duration(0), f.Offset(0))
	require.Equal(t, 120*time.Millisecond, f.Offset(1))
	require.Equal(t, 60*time.Second-120*time.Millisecond, f.Offset(499))
}

// TestFleetLargestRemainder takes the classic case: 3 of 3 each a third, and remainders that decide.
func TestFleetLargestRemainder(t *testing.T) {
	for _, test := range []struct {
		count  int
		shares string
		want   map[string]int
	}{
		{3, "x: 50%, y: 50%", map[string]int{"x": 2, "y": 1}}, // equal remainders: the first
		{10, "x: 33.4%, y: 33.3%, z: 33.3%", map[string]int{"x": 4, "y": 3, "z": 3}},
		{7, "x: 1%, y: 99%", map[string]int{"y": 7}},
		{100, "x: 0.5%, y: 0.4%, z: 99.1%", map[string]int{"x": 1, "z": 99}},
		{1, "x: 49%, y: 51%", map[string]int{"y": 1}},
	} {
		p := loadFleet(t, fmt.Sprintf("  fleet: {kind: k.kind.yaml, count: %d, labels: {l: {%s}}}", test.count, test.shares))
		got := map[string]int{}
		for i := range p.Devices {
			got[p.Devices[i].Labels["l"]]++
		}
		require.Equal(t, test.want, got, "%d of %s", test.count, test.shares)
	}
}

func TestMemberNamesSort(t *testing.T) {
	require.Equal(t, "f-0001", plan.MemberName("f", 1, 500))
	require.Equal(t, "f-00001", plan.MemberName("f", 1, 20_000))
}
