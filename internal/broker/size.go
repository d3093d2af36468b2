package broker

import "github.com/mochi-mqtt/server/v2/packets"

// sizer follows the stream of packets from a client and finds the first one that is larger than the broker
// takes. mochi compares the remaining length alone, closes without a word, and only after the packets before
// it were acted on.
type sizer struct {
	header    int   // bytes of the fixed header seen, 0 between packets
	remaining int64 // of the packet under way
	shift     uint
	malformed bool // mochi ends such a connection
}

// scan takes the next bytes of the stream. It returns how many of them may be read before a packet of more
// than limit bytes begins or, where its header began earlier, is found out; len(p) where there is none.
func (s *sizer) scan(p []byte, limit int64) (n int, tooLarge bool) {
	for i := 0; i < len(p) && !s.malformed; {
		if s.header < 0 { // inside a packet
			step := min(s.remaining, int64(len(p)-i))
			s.remaining -= step
			if i += int(step); s.remaining == 0 {
				*s = sizer{}
			}
			continue
		}
		b := p[i]
		i++
		if s.header++; s.header == 1 {
			continue
		}
		s.remaining |= int64(b&0x7f) << s.shift
		s.shift += 7
		if b&0x80 != 0 {
			s.malformed = s.header == 5 // [MQTT-1.5.5-1]
			continue
		}
		if int64(s.header)+s.remaining > limit {
			return max(0, i-s.header), true
		}
		if s.header = -1; s.remaining == 0 {
			*s = sizer{}
		}
	}
	return len(p), false
}

// oversized tells the client that its packet is too large, and makes reading end.
func (l *link) oversized() error {
	if l.established {
		l.b.server.DisconnectClient(l.client, packets.ErrPacketTooLarge) //nolint:errcheck // returns the reason
	}
	return l.failed(packets.ErrPacketTooLarge)
}
