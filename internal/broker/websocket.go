package broker

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// ListenWebSocket is Listen for MQTT over WebSocket (MQTT 5.0, section 6): binary messages on any path, with
// the subprotocol mqtt. Where MQTT packets begin and end has nothing to do with the messages [MQTT-6.0.0-2].
func (b *Broker) ListenWebSocket(addr string) (net.Addr, error) {
	return b.listen(addr, b.serveWebSocket)
}

// upgradeTimeout is how long a client may take to send its HTTP request.
const upgradeTimeout = 10 * time.Second

func (b *Broker) serveWebSocket(ln net.Listener) {
	upgrader := websocket.Upgrader{
		Subprotocols: []string{"mqtt"},                         // [MQTT-6.0.0-3]
		CheckOrigin:  func(*http.Request) bool { return true }, // a page of any origin may look on: it is a test bench
	}
	server := &http.Server{ReadHeaderTimeout: upgradeTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := upgrader.Upgrade(w, r, nil); err == nil { // else the client was told
			b.Attach(&webSocketConn{Conn: c.NetConn(), messages: c})
		}
	})}
	server.Serve(ln) //nolint:errcheck // it ends when the listener is closed
}

// errText ends a connection that sends text [MQTT-6.0.0-1].
var errText = errors.New("broker: a WebSocket message that is not binary")

// webSocketConn is a stream of bytes over the messages of a WebSocket.
type webSocketConn struct {
	net.Conn // deadlines, addresses and Close
	messages *websocket.Conn
	message  io.Reader // that is being read; nil: the next one is
}

func (c *webSocketConn) Read(p []byte) (int, error) {
	for {
		if c.message == nil {
			kind, r, err := c.messages.NextReader()
			switch {
			case websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseNoStatusReceived):
				return 0, io.EOF
			case err != nil:
				return 0, err
			case kind != websocket.BinaryMessage:
				return 0, errText
			}
			c.message = r
		}
		n, err := c.message.Read(p)
		if errors.Is(err, io.EOF) {
			c.message, err = nil, nil
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
}

func (c *webSocketConn) Write(p []byte) (int, error) {
	if err := c.messages.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}
