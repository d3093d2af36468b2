package broker

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

// bytewise sends each byte as a message of its own: packets and messages have nothing to do with each other.
type bytewise struct{ *webSocketConn }

func (b bytewise) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := b.webSocketConn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// TestListenWebSocket publishes and subscribes over WebSocket, on the wall clock as sockets are.
func TestListenWebSocket(t *testing.T) {
	defer goleak.VerifyNone(t)
	loop := vtime.NewLoop(nil)
	stopped := make(chan struct{})
	go func() { defer close(stopped); loop.Run(func() bool { return false }) }()
	var mu sync.Mutex
	var events []trace.Event
	b, err := New(Config{Devices: twoDevices(), Source: loop.Source(), Emit: func(e trace.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}})
	require.NoError(t, err)
	addr, err := b.ListenWebSocket("127.0.0.1:0")
	require.NoError(t, err)

	dial := func() *webSocketConn {
		dialer := websocket.Dialer{Subprotocols: []string{"mqtt"}}
		ws, response, err := dialer.Dial("ws://"+addr.String()+"/mqtt", http.Header{})
		require.NoError(t, err)
		require.Equal(t, "mqtt", ws.Subprotocol())
		response.Body.Close()
		t.Cleanup(func() { ws.Close() })
		return &webSocketConn{Conn: ws.NetConn(), messages: ws}
	}
	a := peerOn(t, bytewise{dial()})
	a.connect("id-a", user("ua", "pa"))
	a.expect(packets.Connack)
	a.subscribe("devices/a/#", 1)
	a.expect(packets.Suback)
	a.publish("devices/a/x", "hello", 1, 1, false)
	a.expect(packets.Puback)
	require.Equal(t, "hello", string(a.expect(packets.Publish).Payload))

	talks := dial()
	require.NoError(t, talks.messages.WriteMessage(websocket.TextMessage, []byte("hello")))
	_, err = io.ReadAll(talks.Conn)
	require.NoError(t, err, "the broker closes a connection that sends text")

	b.Stop()
	_, err = net.Dial("tcp", addr.String())
	require.Error(t, err)
	require.NoError(t, b.Start())
	again := peerOn(t, dial())
	again.connect("id-a", user("ua", "pa"))
	again.expect(packets.Connack)
	b.Close()
	loop.Stop()
	<-stopped
	mu.Lock()
	defer mu.Unlock()
	require.Contains(t, brief(events, trace.Publish), "publish a id-a devices/a/x hello\n")
}
