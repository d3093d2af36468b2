package lang

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// ReasonCode is a reason code of MQTT 5 by its number (0x89, 137) or its name (server busy).
type ReasonCode struct {
	Pos  diag.Position
	Code byte
	Name string // as the specification has it, in small letters
}

// reason is a row of the specification's tables of reason codes.
type reason struct {
	code byte
	name string
	in   string // c: a CONNACK that refuses (3.2.2.2), d: a DISCONNECT of the server (3.14.2.1)
}

func (r reason) refuses() bool     { return strings.Contains(r.in, "c") }
func (r reason) disconnects() bool { return strings.Contains(r.in, "d") }

// reasons are the codes from 0x80 on that a broker sends in a CONNACK or a DISCONNECT.
func reasons() []reason {
	return []reason{
		{0x80, "unspecified error", "cd"}, {0x81, "malformed packet", "cd"}, {0x82, "protocol error", "cd"},
		{0x83, "implementation specific error", "cd"}, {0x84, "unsupported protocol version", "c"},
		{0x85, "client identifier not valid", "c"}, {0x86, "bad user name or password", "c"}, {0x87, "not authorized", "cd"},
		{0x88, "server unavailable", "c"}, {0x89, "server busy", "cd"}, {0x8a, "banned", "c"}, {0x8b, "server shutting down", "d"},
		{0x8c, "bad authentication method", "c"}, {0x8d, "keep alive timeout", "d"}, {0x8e, "session taken over", "d"},
		{0x8f, "topic filter invalid", "d"}, {0x90, "topic name invalid", "cd"}, {0x93, "receive maximum exceeded", "d"},
		{0x94, "topic alias invalid", "d"}, {0x95, "packet too large", "cd"}, {0x96, "message rate too high", "d"},
		{0x97, "quota exceeded", "cd"}, {0x98, "administrative action", "d"}, {0x99, "payload format invalid", "cd"},
		{0x9a, "retain not supported", "cd"}, {0x9b, "qos not supported", "cd"}, {0x9c, "use another server", "cd"},
		{0x9d, "server moved", "cd"}, {0x9e, "shared subscriptions not supported", "d"}, {0x9f, "connection rate exceeded", "cd"},
		{0xa0, "maximum connect time", "d"}, {0xa1, "subscription identifiers not supported", "d"},
		{0xa2, "wildcard subscriptions not supported", "d"},
	}
}

func reasonNames(fits func(reason) bool) []string {
	var names []string
	for _, r := range reasons() {
		if fits(r) {
			names = append(names, r.name)
		}
	}
	return names
}

func (c *ReasonCode) row() reason {
	for _, r := range reasons() {
		if r.code == c.Code {
			return r
		}
	}
	return reason{}
}

func (c *ReasonCode) connack() bool    { return c.row().refuses() }
func (c *ReasonCode) disconnect() bool { return c.row().disconnects() }

// ParseReasonCode reads a reason code by its number or its name.
func ParseReasonCode(text string) (ReasonCode, error) {
	number, err := strconv.ParseUint(text, 0, 8)
	for _, r := range reasons() {
		if err == nil && byte(number) == r.code || strings.EqualFold(text, r.name) {
			return ReasonCode{Code: r.code, Name: r.name}, nil
		}
	}
	if strings.Trim(text, "0123456789abcdefxABCDEF") == "" {
		return ReasonCode{}, &unitError{fmt.Sprintf("%s is no reason code of a CONNACK or DISCONNECT", shorten(text)), "0x80 to 0xa2, as in 0x89 for server busy"}
	}
	return ReasonCode{}, &unitError{fmt.Sprintf("unknown reason %q", shorten(text)), diag.DidYouMean(text, reasonNames(func(reason) bool { return true }))}
}

func (c *ReasonCode) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	*c = quantityOf(d, n, path, ParseReasonCode)
	c.Pos = d.position(n)
}

func (*ReasonCode) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.define("ReasonCode", func() *jsonschema.Schema {
		low, high := jsonschema.Schema{Type: "integer", Minimum: "128", Maximum: "162"}, jsonschema.Schema{Type: "string", Pattern: "^(0x[89aA][0-9a-fA-F]|1[2-6][0-9])$"}
		names := jsonschema.Schema{Enum: anys(reasonNames(func(reason) bool { return true }))}
		return g.orVariable(&jsonschema.Schema{AnyOf: []*jsonschema.Schema{&low, &high, &names}, Description: g.comments["ReasonCode"]})
	})
}
