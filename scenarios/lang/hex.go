package lang

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Hex is bytes in hexadecimal, two digits each, with or without spaces: 01 02 ff.
type Hex struct {
	Pos   diag.Position
	Bytes []byte
}

// HexPattern is Hex in which ?? is any byte, and * at the end any bytes, or none: 01 ?? ff *.
type HexPattern struct {
	Pos  diag.Position
	Text string
	mask []bool // which bytes count
	want []byte
	rest bool // any bytes may follow
}

// ParseHex reads bytes in hexadecimal.
func ParseHex(text string) ([]byte, error) {
	p, err := ParseHexPattern(text)
	if err != nil {
		return nil, err
	}
	if p.rest || strings.Contains(text, "?") {
		return nil, &unitError{fmt.Sprintf("%q does not say every byte", shorten(text)), "?? and * are for expectations"}
	}
	return p.want, nil
}

// ParseHexPattern reads bytes in hexadecimal, some of which may be left open.
func ParseHexPattern(text string) (HexPattern, error) {
	const example = "as in 01 02 ff, or 01 ?? ff *"
	p := HexPattern{Text: text}
	digits := strings.Join(strings.Fields(text), "")
	digits, p.rest = strings.CutSuffix(digits, "*")
	switch {
	case strings.HasPrefix(strings.ToLower(digits), "0x"):
		return p, &unitError{fmt.Sprintf("%q begins with 0x", shorten(text)), "the digits alone, " + example}
	case strings.Contains(digits, "*"):
		return p, &unitError{fmt.Sprintf("%q has a * that is not at its end", shorten(text)), example}
	case len(digits)%2 != 0:
		return p, &unitError{fmt.Sprintf("%q has an odd number of digits", shorten(text)), "two for each byte, " + example}
	}
	for i := 0; i < len(digits); i += 2 {
		pair := digits[i : i+2]
		if pair == "??" {
			p.want, p.mask = append(p.want, 0), append(p.mask, false)
			continue
		}
		b, err := hex.DecodeString(pair)
		if err != nil {
			return p, &unitError{fmt.Sprintf("%q is no byte in hexadecimal", pair), example}
		}
		p.want, p.mask = append(p.want, b[0]), append(p.mask, true)
	}
	return p, nil
}

// Matches reports whether the bytes are as the pattern says.
func (p *HexPattern) Matches(data []byte) bool {
	if len(data) < len(p.want) || len(data) > len(p.want) && !p.rest {
		return false
	}
	for i, want := range p.want {
		if p.mask[i] && data[i] != want {
			return false
		}
	}
	return true
}

func (v *Hex) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos, v.Bytes = d.position(n), quantityOf(d, n, path, ParseHex)
}

func (p *HexPattern) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	*p = quantityOf(d, n, path, ParseHexPattern)
	p.Pos = d.position(n)
}

func (*Hex) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.hex("Hex", `^\s*([0-9a-fA-F]\s*[0-9a-fA-F]\s*)*$`, "01 02 ff")
}

func (*HexPattern) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.hex("HexPattern", `^\s*([0-9a-fA-F]\s*[0-9a-fA-F]\s*|\?\s*\?\s*)*\*?\s*$`, "01 ?? ff *")
}

// hex is text, or a number where the digits look like one: 0102.
func (g *generator) hex(name, pattern string, examples ...string) *jsonschema.Schema {
	return g.define(name, func() *jsonschema.Schema {
		text := &jsonschema.Schema{Type: "string", Pattern: pattern, Examples: anys(examples)}
		return g.orVariable(&jsonschema.Schema{AnyOf: []*jsonschema.Schema{text, {Type: "number"}}, Description: g.comments[name]})
	})
}
