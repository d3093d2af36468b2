package broker

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cases are those in which mochi alone gives another order, or loses other messages, in every run.
var cases = map[string]func(r *rig){
	// Twenty clients fall silent; their keepalives end at one instant.
	"wills": func(r *rig) {
		r.connected("", 4, "backend").subscribe("will/#", 0)
		for i := range 20 {
			r.dial(fmt.Sprint("dev", i), 4).connect(fmt.Sprint("d", i), keepalive(20), will(fmt.Sprint("will/", i), "offline", 0))
		}
		time.Sleep(time.Minute)
	},
	"retained": func(r *rig) {
		retained(r, 30, 0)
	},
	// Twenty clients publish in one instant and wait for their rate and for delayed answers together.
	"paced": func(r *rig) {
		r.b.cfg.Limits.MessageRate = Rate{2, time.Second}
		r.connected("", 4, "backend").subscribe("#", 1)
		r.b.Delay("puback", nil, 300*time.Millisecond)
		for i := range 20 {
			c := r.dial(fmt.Sprint("dev", i), 4)
			c.connect(fmt.Sprint("d", i))
			c.together(func() {
				for k := range 6 {
					c.publish(fmt.Sprint("t/", i), fmt.Sprint(k), 1, uint16(k+1), false)
				}
				c.subscribe("t/+", 1)
			})
		}
		time.Sleep(10 * time.Second)
	},
	"retained1000": func(r *rig) {
		retained(r, 1000, 0)
	},
	"retained at QoS 1, acknowledged": func(r *rig) {
		retained(r, 200, 1)
	},
	"shared": func(r *rig) {
		for i := range 4 {
			c := r.connected(fmt.Sprint("dev", i), 4, fmt.Sprint("w", i))
			c.subscribe("$share/g/t", 0)
			c.subscribe("$share/h/+", 0)
		}
		p := r.connected("", 4, "p")
		for i := range 30 {
			p.publish("t", fmt.Sprint(i), 0, 0, false)
			time.Sleep(time.Second)
		}
	},
	// A client is subscribed to what it publishes, several messages in one segment.
	"self": func(r *rig) {
		c := r.connected("dev1", 4, "p")
		c.subscribe("t", 1)
		for k := range 20 {
			c.together(func() {
				for i := range 10 {
					c.publish("t", fmt.Sprint(k, i), 1, uint16(1+i), true)
				}
			})
			time.Sleep(time.Second)
		}
	},
	"fan": func(r *rig) {
		r.connected("dev0", 4, "b").subscribe("t/#", 1)
		for i := 1; i <= 20; i++ {
			c := r.dial(fmt.Sprint("dev", i), 4)
			go func() {
				c.connect(fmt.Sprint("d", i), keepalive(60))
				c.subscribe("t/1", 1)
				for k := range 8 {
					time.Sleep(time.Second)
					for j := range 5 {
						c.publish(fmt.Sprint("t/", i), fmt.Sprint(k, j), 1, uint16(1+j), false)
					}
				}
			}()
		}
		time.Sleep(15 * time.Second)
	},
	// Messages queue for an offline session, all in one second.
	"resume": func(r *rig) {
		c := r.connected("dev1", 4, "dev", resume)
		c.subscribe("cmd", 1)
		c.disconnect()
		p := r.connected("", 4, "p")
		for i := range 40 {
			p.publish("cmd", fmt.Sprint("n", i), 1, uint16(1+i), false)
		}
		time.Sleep(time.Second)
		r.connected("dev1", 4, "dev", resume)
	},
	// A device that vanished comes back before the broker noticed, under the same name.
	"takeover": func(r *rig) {
		for i := range 10 {
			c := r.dial("dev1", 4)
			c.connect("dev", resume, will("gone", fmt.Sprint(i), 0))
			c.subscribe("gone", 1)
			time.Sleep(time.Second)
			c.lose()
		}
	},
	"stop": func(r *rig) {
		for i := range 20 {
			c := r.dial(fmt.Sprint("dev", i%3), 5)
			c.connect(fmt.Sprint("d", i), expiry(100), will("will", fmt.Sprint(i), 0))
			c.subscribe("will", 1)
		}
		time.Sleep(time.Second)
		r.do(r.b.Stop)
		time.Sleep(time.Second)
		r.do(func() { r.b.Start() })
		time.Sleep(time.Second)
		r.connected("dev1", 5, "d1", expiry(100))
	},
	// One device with several clients, which share a place in the order of events.
	"clients": func(r *rig) {
		for i := range 10 {
			c := r.connected("dev0", 5, fmt.Sprint("c", i), expiry(100))
			c.subscribe("t", byte(i%3))
		}
		p := r.connected("dev1", 4, "p")
		for i := range 20 {
			p.publish("t", fmt.Sprint(i), byte(i%3), uint16(1+i), i%2 == 0)
		}
		time.Sleep(time.Second)
	},
	// A subscriber whose connection is full for a while, with a queue that overflows.
	"full": func(r *rig) {
		c := r.connected("dev1", 4, "slow")
		c.subscribe("t", 1)
		p := r.connected("dev2", 4, "p")
		c.choke(true)
		for i := range 50 {
			p.publish("t", fmt.Sprint(i), byte(i%2), uint16(1+i), i%5 == 0)
			if i == 30 {
				c.subscribe("+", 0)
			}
		}
		time.Sleep(time.Second)
		c.choke(false)
		time.Sleep(time.Second)
	},
}

func retained(r *rig, n int, qos byte) {
	p := r.connected("dev0", 4, "p")
	for i := range n {
		p.publish(fmt.Sprint("s/", i), "online", qos, uint16(1+i), true)
	}
	time.Sleep(time.Second)
	c := r.connected("dev1", 4, "c")
	c.subscribe("s/+", qos)
	for range 5 * int(qos) {
		for _, pk := range c.take(3) {
			c.answer(4, pk.PacketID)
		}
	}
	time.Sleep(time.Second)
}

func devices(n int) (ids []Identity) {
	for i := range n {
		ids = append(ids, Identity{Device: fmt.Sprint("dev", i)})
	}
	return ids
}

// TestDeterminism is the promise: the same bytes in, the same trace out, whatever the scheduler does.
func TestDeterminism(t *testing.T) {
	for name, script := range cases {
		for conn, blind := range map[string]bool{"looks for room": false, "waits for room": true} {
			t.Run(name+", "+conn, func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
				var want string
				for i := range 4 {
					runtime.GOMAXPROCS(1 + i%2)
					events := run(t, Config{Open: true, Devices: devices(25), Pending: 20}, func(r *rig) {
						r.blind = blind
						script(r)
					})
					got := digest(t, events)
					if want == "" {
						want = got
					}
					require.Equal(t, want, got, "run %d", i)
				}
			})
		}
	}
}
