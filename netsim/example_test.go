package netsim_test

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/netsim"
)

func newLink(way string, d netsim.Direction) *netsim.Link {
	return netsim.NewLink(d, func(purpose string) netsim.Rand {
		return seed.Seed(1).Stream("network/cell/thermo/"+way, purpose)
	})
}

// A link decides what becomes of each packet when it is sent.
func ExampleLink() {
	// 12 kbit/s: a packet of 1500 bytes takes a second.
	link := newLink("uplink", netsim.Direction{Latency: 100 * time.Millisecond, Rate: 12_000, Limit: 2})
	for range 3 {
		fmt.Printf("%+v\n", link.Send(0, 1500))
	}
	fmt.Println(link.Stats().LostLimit, "dropped")
	// Output:
	// {At:1.1s Lost:false Cause:}
	// {At:2.1s Lost:false Cause:}
	// {At:0s Lost:true Cause:limit}
	// 1 dropped
}

// A connection takes a round trip; a byte takes one latency, or a retransmission.
func ExampleStream() {
	cell := netsim.Direction{Latency: 80 * time.Millisecond}
	uplink, downlink := newLink("uplink", cell), newLink("downlink", cell)

	setUp := netsim.NewHandshake(uplink, downlink)
	setUp.Start(0)
	var now time.Duration
	for done := false; !done; {
		now, _ = setUp.Next()
		done, _ = setUp.Step(now)
	}
	fmt.Println("connected at", now)

	stream := netsim.NewStream(uplink, downlink)
	if rtt, ok := setUp.RoundTrip(); ok {
		stream.Measured(rtt)
	}
	uplink.SetUp(false)
	stream.Write(now, []byte("21.5"))
	uplink.SetUp(true)
	for at, ok := stream.Next(); ok; at, ok = stream.Next() {
		if data, _, _ := stream.Step(at); len(data) > 0 {
			fmt.Printf("%s at %v\n", data, at)
		}
	}
	// Output:
	// connected at 160ms
	// 21.5 at 720ms
}
