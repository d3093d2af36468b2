package broker

import "errors"

// errLength is a remaining length of more than four bytes [MQTT-1.5.5-1].
var errLength = errors.New("broker: the packet's remaining length has more than four bytes")

// PacketLength returns the length in bytes of the first whole MQTT packet in b, and 0 where b does
// not hold all of it yet. The only error is a remaining length that is malformed; whatever else is
// wrong with the packet is for the broker to see.
func PacketLength(b []byte) (n int, err error) {
	remaining := 0
	for i := 1; i <= 4; i++ {
		if i >= len(b) {
			return 0, nil
		}
		remaining |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i]&0x80 == 0 {
			if n = i + 1 + remaining; n > len(b) {
				return 0, nil
			}
			return n, nil
		}
	}
	return 0, errLength
}
