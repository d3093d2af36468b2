package lang

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// BrokerLimits are what the broker lets clients do; a limit that is not given does not exist. A rate of 10/s
// means ten at once after a pause of a second, and then one every tenth of a second.
type BrokerLimits struct {
	Connects          *Rate  `yaml:"connects"`                                      // CONNECTs of all clients together; above it: 0x9F connection rate exceeded (3.1.1: server unavailable)
	ConnectsPerClient *Rate  `yaml:"connects_per_client"`                           // CONNECTs with the same client id; above it: 0x97 quota exceeded (3.1.1: server unavailable)
	MessageRate       *Rate  `yaml:"message_rate"`                                  // PUBLISHes of one connection; what happens above it, excess says
	Excess            string `yaml:"excess" jsonschema:"enum=wait,enum=disconnect"` // above message_rate: wait, the broker reads on when it is time, or disconnect with 0x96 message rate too high; default wait
	PacketSize        *Size  `yaml:"packet_size"`                                   // of the largest packet a client may send; a larger one ends the connection with 0x95 packet too large; default 1MiB
}

// Rate is how often something may happen, with its unit: 500/s, 10/m, 1/h.
type Rate struct {
	Pos   diag.Position
	Count int64
	Per   time.Duration
}

// MaxRate is the largest count of a Rate.
const MaxRate = 1_000_000

// ParseRate reads a whole number of times a second, minute or hour: 500/s, 10/m, 1/h.
func ParseRate(text string) (count int64, per time.Duration, err error) {
	const example = "as in 500/s, 10/m or 1/h"
	number, unit, found := strings.Cut(text, "/")
	count, numberErr := strconv.ParseInt(number, 10, 64)
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}
	switch {
	case !isNumber(number):
		return 0, 0, &unitError{fmt.Sprintf("%q is not a rate", shorten(text)), example}
	case !found:
		return 0, 0, &unitError{"a rate needs its unit: " + shorten(text), shorten(text) + "/s or " + shorten(text) + "/m?"}
	case strings.HasPrefix(number, "-") || numberErr == nil && count == 0:
		return 0, 0, &unitError{fmt.Sprintf("a rate is above zero: %s", shorten(text)), "leave it out for no limit; the step broker: {refuse: all} for none"}
	case strings.ContainsAny(number, ".eE"):
		return 0, 0, &unitError{fmt.Sprintf("a rate counts whole times: %s", shorten(text)), "of a longer unit, as in 90/m for 1.5/s"}
	case numberErr != nil || count > MaxRate:
		return 0, 0, &unitError{fmt.Sprintf("the rate %s is too large", shorten(text)), fmt.Sprintf("at most %d", MaxRate)}
	case units[unit] == 0:
		return 0, 0, &unitError{fmt.Sprintf("unknown unit %q of a rate", shorten(unit)), rateHint(number, unit)}
	}
	return count, units[unit], nil
}

func rateHint(number, unit string) string {
	for _, known := range []string{"s", "m", "h"} {
		if strings.HasPrefix(strings.ToLower(unit), known) {
			return "did you mean " + number + "/" + known + "?"
		}
	}
	return "one of s, m, h"
}

func (v *Rate) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	*v = quantityOf(d, n, path, func(text string) (r Rate, err error) {
		r.Count, r.Per, err = ParseRate(text)
		return r, err
	})
	v.Pos = d.position(n)
}

func (*Rate) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.quantity("Rate", "^([1-9][0-9]{0,5}|1000000)/[smh]$", "500/s", "10/m", "1/h")
}

// minPacketSize is the smallest packet_size: a CONNECT with a client id and a password still fits in.
const minPacketSize = 128

func (l *BrokerLimits) check(d *decoder, at mapping) {
	if at.keys.Has("excess") && !at.keys.Has("message_rate") && at.clean {
		at.add(d, "excess", "excess needs message_rate", "as in {message_rate: 10/s, excess: disconnect}")
	}
	if s := l.PacketSize; s != nil && !d.faulty(join(at.path, "packet_size")) && (s.Bytes < minPacketSize || s.Bytes > 256<<20) {
		at.add(d, "packet_size", fmt.Sprintf("a packet_size of %d B is out of range", s.Bytes), fmt.Sprintf("%dB, which a CONNECT needs, to 256MiB, which MQTT allows", minPacketSize))
	}
}

func (*BrokerLimits) extend(s *jsonschema.Schema) {
	s.DependentRequired = map[string][]string{"excess": {"message_rate"}}
}
