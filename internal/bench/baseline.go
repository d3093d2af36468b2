package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/twinrig/twinrig/internal/vtime"
)

// The baseline: the readings of a fleet through the same broker as it is, over loopback TCP, from raw clients
// that write as fast as it goes; nothing is modelled, and nothing recorded.
const (
	baselineClients  = 1000
	baselineReadings = 200 // of each client
)

// baselineFigures is what the baseline took.
type baselineFigures struct {
	CPU      time.Duration // of the process, clients included, while readings flow
	Readings int           // that reached the backend
}

// allowAll lets everybody do everything.
type allowAll struct{ mqtt.HookBase }

func (*allowAll) ID() string { return "allow-all" }

func (*allowAll) Provides(event byte) bool {
	return event == mqtt.OnConnectAuthenticate || event == mqtt.OnACLCheck
}

func (*allowAll) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

func (*allowAll) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

// runBaseline prints the figures as JSON.
func runBaseline() error {
	f, err := baseline()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}

func baseline() (f baselineFigures, err error) {
	caps := mqtt.NewDefaultServerCapabilities()
	caps.MaximumClientWritesPending = baselineClients * baselineReadings // so that none is dropped
	server := mqtt.New(&mqtt.Options{Capabilities: caps, Logger: slog.New(slog.DiscardHandler)})
	tcp := listeners.NewTCP(listeners.Config{ID: "tcp", Address: "127.0.0.1:0"})
	if err := errors.Join(server.AddHook(new(allowAll), nil), server.AddListener(tcp), server.Serve()); err != nil {
		return f, err
	}
	defer server.Close() //nolint:errcheck // the process ends
	backend, err := rawClient(tcp.Address(), "backend")
	if err != nil {
		return f, err
	}
	if err := subscribeRaw(backend); err != nil {
		return f, err
	}
	clients := make([]net.Conn, baselineClients)
	for i := range clients {
		if clients[i], err = rawClient(tcp.Address(), fmt.Sprintf("meters-%04d", i+1)); err != nil {
			return f, err
		}
	}
	begin := vtime.ProcessorTime()
	var writers sync.WaitGroup
	for i, c := range clients {
		writers.Go(func() { writeReadings(c, i) })
	}
	count, err := countReadings(backend, baselineClients*baselineReadings)
	writers.Wait()
	return baselineFigures{CPU: vtime.ProcessorTime() - begin, Readings: count}, err
}

// rawClient connects and waits for the CONNACK.
func rawClient(address, id string) (net.Conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	pk := packets.Packet{ProtocolVersion: 4, FixedHeader: packets.FixedHeader{Type: packets.Connect},
		Connect: packets.ConnectParams{ProtocolName: []byte("MQTT"), ClientIdentifier: id, Clean: true, Keepalive: 600}}
	if err := pk.ConnectEncode(&b); err != nil {
		return nil, err
	}
	if _, err := c.Write(b.Bytes()); err != nil {
		return nil, err
	}
	_, err = io.ReadFull(c, make([]byte, 4))
	return c, err
}

func subscribeRaw(c net.Conn) error {
	var b bytes.Buffer
	pk := packets.Packet{ProtocolVersion: 4, FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 1,
		Filters: packets.Subscriptions{{Filter: "devices/+/reading"}}}
	if err := pk.SubscribeEncode(&b); err != nil {
		return err
	}
	if _, err := c.Write(b.Bytes()); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 5))
	return err
}

// writeReadings writes a meter's readings, a packet each time.
func writeReadings(c net.Conn, i int) {
	var b bytes.Buffer
	for seq := range baselineReadings {
		b.Reset()
		pk := packets.Packet{ProtocolVersion: 4, FixedHeader: packets.FixedHeader{Type: packets.Publish},
			TopicName: fmt.Sprintf("devices/meters-%04d/reading", i+1), Payload: fmt.Appendf(nil, `{"seq":%d,"energy":%.2f,"battery":3.60}`, seq, 3.83*float64(seq))}
		if pk.PublishEncode(&b) != nil {
			return
		}
		if _, err := c.Write(b.Bytes()); err != nil {
			return
		}
	}
}

// countReadings reads what reaches the backend until all has.
func countReadings(c net.Conn, want int) (count int, err error) {
	r := bufio.NewReaderSize(c, 64<<10)
	for ; count < want; count++ {
		if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			return count, err
		}
		if _, err := r.ReadByte(); err != nil {
			return count, fmt.Errorf("the baseline's backend got %d of %d readings: %w", count, want, err)
		}
		length, _, err := packets.DecodeLength(r)
		if err != nil {
			return count, err
		}
		if _, err := r.Discard(length); err != nil {
			return count, err
		}
	}
	return count, nil
}
