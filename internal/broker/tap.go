package broker

// Segment is what happened on a connection of the broker, in plain text: above TLS and WebSocket.
type Segment struct {
	Connection uint64 // in the order of attachment, from 1
	Device     string // empty where it is not known (yet)
	What       SegmentKind
	Data       []byte // of Received and Sent; only valid during the call
}

// SegmentKind says what happened.
type SegmentKind uint8

// The kinds of Segment, in the order of a connection's life.
const (
	Opened SegmentKind = iota
	Received
	Sent
	Closed
)

// Tap shows every byte of MQTT to f, which is called from the goroutines of the connections and must not
// block. It is called before the first connection.
func (b *Broker) Tap(f func(Segment)) { b.tap = f }

// tap shows a segment to whoever looks on.
func (l *link) tap(what SegmentKind, data []byte) {
	if l.b.tap != nil && (len(data) > 0 || what == Opened || what == Closed) {
		l.b.tap(Segment{Connection: l.number, Device: l.device, What: what, Data: data})
	}
}

// write hands a packet to the connection.
func (l *link) write(p []byte) (int, error) {
	l.tap(Sent, p)
	return l.Conn.Write(p)
}
