package lang

import (
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// BrokerTLS is true, or how the broker shows itself and what it asks of devices. Without a file and without
// generate its certificate is made for the name broker, valid from a day before the run for ten years.
type BrokerTLS struct {
	Pos        diag.Position `yaml:"-"`
	Keys       Keys          `yaml:"-"`
	Credential `yaml:",inline"`
	CA         string `yaml:"ca"`                                                        // PEM file of the authorities that devices trust, and that sign their certificates; default: the one that generate makes
	Client     string `yaml:"client" jsonschema:"enum=none,enum=optional,enum=required"` // whether devices show certificates; default none
	Expired    bool   `yaml:"expired"`                                                   // that every authority in ca has expired when the run begins is what is to be tested, and no fault of the file
}

// Credential is a certificate with its key: files, or made from the seed.
type Credential struct {
	Pos         diag.Position `yaml:"-"`
	Keys        Keys          `yaml:"-"`
	Certificate string        `yaml:"certificate"` // PEM file of the certificate, with what leads to its authority behind it
	Key         string        `yaml:"key"`         // PEM file of its private key, not encrypted
	Generate    *Generate     `yaml:"generate"`    // instead of files: makes a key and a certificate
}

// Generate makes a certificate from the seed, signed by an authority that is made as well.
type Generate struct {
	Pos       diag.Position `yaml:"-"`
	Keys      Keys          `yaml:"-"`
	Names     OneOrMany     `yaml:"names"`     // DNS names or IP addresses that it is for; default broker; of a device: its common name, default the device's name
	Authority string        `yaml:"authority"` // which of the authorities that are made signs it, by any name; default main
	From      *Time         `yaml:"from"`      // valid from then on; default: a day before the run begins
	Until     *Time         `yaml:"until"`     // valid until then; default: ten years after the run begins, or after from where that is later
}

// DeviceTLS is what a device trusts, and shows where the broker asks for certificates. By default it trusts the
// broker's authority and has a certificate that is made, unless the broker's ca is a file.
type DeviceTLS struct {
	Pos        diag.Position `yaml:"-"`
	Keys       Keys          `yaml:"-"`
	Credential `yaml:",inline"`
	CA         string    `yaml:"ca"`        // PEM file of the authorities that it trusts; default: as the broker's tls has it
	Trust      OneOrMany `yaml:"trust"`     // instead of ca: authorities that generate makes, by their names
	Name       string    `yaml:"name"`      // what the broker's certificate must be for; default broker
	Anonymous  bool      `yaml:"anonymous"` // it has no certificate of its own
	Expired    bool      `yaml:"expired"`   // as in the broker's tls
}

// DefaultAuthority signs where generate names none.
const DefaultAuthority = "main"

// brokerTLS is BrokerTLS without its decode method.
type brokerTLS BrokerTLS

func (t *BrokerTLS) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	t.Pos = d.position(n)
	if n.Kind != yaml.MappingNode {
		d.word(n, path, "true")
		return
	}
	d.structure(n, reflect.ValueOf((*brokerTLS)(t)).Elem(), path)
	t.Pos = d.position(n)
}

// checkWith checks what depends on the other keys of broker.
func (t *BrokerTLS) checkWith(d *decoder, b *Broker, path string) {
	if b.URL == nil {
		return
	}
	for _, key := range t.Keys.among("certificate", "key", "generate", "client") {
		d.diags.Add(t.Keys.At(key, t.Pos), join(path, key), key+" is for the embedded broker", "a broker with a url has its own certificate; ca is what devices trust")
	}
	if b.URL.URL != nil && b.URL.Scheme != "mqtts" {
		d.diags.Add(t.Pos, path, "the url of the broker says plain TCP", "mqtts:// for TLS")
	}
}

func (t *brokerTLS) check(d *decoder, at mapping) {
	t.Credential.checkKeys(d, at)
	if at.keys.Has("certificate") && !at.keys.Has("ca") && at.clean {
		d.diags.Add(at.pos, at.path, "certificate needs ca, or no device trusts it", "ca: FILE.pem with the certificate of the authority that signed it")
	}
	checkExpiredKey(d, at)
}

func (t *DeviceTLS) check(d *decoder, at mapping) {
	t.Credential.checkKeys(d, at)
	checkExpiredKey(d, at)
	if at.keys.Has("ca") && at.keys.Has("trust") {
		at.add(d, "trust", "ca and trust exclude each other", "trust names authorities that are made, ca a file")
	}
	for _, key := range at.keys.among("certificate", "generate") {
		if t.Anonymous {
			at.add(d, key, "a device with anonymous shows no certificate", "")
		}
	}
	if at.keys.Has("name") && t.Name == "" {
		at.add(d, "name", "is empty", "")
	}
}

func (c *Credential) check(d *decoder, at mapping) {
	c.checkKeys(d, at)
	if len(at.keys.among("certificate", "key", "generate")) == 0 && at.clean {
		d.diags.Add(at.pos, at.path, "is empty", "as in {certificate: next.pem, key: next.key} or {generate: {authority: next}}")
	}
}

func (c *Credential) checkKeys(d *decoder, at mapping) {
	for _, pair := range [][2]string{{"certificate", "key"}, {"key", "certificate"}} {
		if at.keys.Has(pair[0]) && !at.keys.Has(pair[1]) && at.clean {
			at.add(d, pair[0], pair[0]+" needs "+pair[1], "two PEM files, or generate")
		}
	}
	if at.keys.Has("generate") && at.keys.Has("certificate") {
		at.add(d, "generate", "certificate and generate exclude each other", "")
	}
}

func checkExpiredKey(d *decoder, at mapping) {
	if at.keys.Has("expired") && !at.keys.Has("ca") {
		at.add(d, "expired", "expired goes with ca", "a certificate may have expired without a word")
	}
}

func (g *Generate) check(d *decoder, at mapping) {
	if at.keys.Has("authority") && g.Authority == "" {
		at.add(d, "authority", "is empty", "")
	}
	for _, name := range g.Names {
		if name.Text == "" {
			at.add(d, "names", "a name is empty", "")
		}
	}
	if g.From != nil && g.Until != nil && !g.From.IsZero() && !g.Until.IsZero() && !g.From.Before(g.Until.Time) {
		at.add(d, "until", fmt.Sprintf("until is not after from, %s", g.From.Format("2006-01-02T15:04:05Z07:00")), "")
	}
}

func (*BrokerTLS) schema(g *generator, _ *field) *jsonschema.Schema {
	return g.define("BrokerTLS", func() *jsonschema.Schema {
		short := g.orVariable(&jsonschema.Schema{Const: true})
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{short, g.of(reflect.TypeFor[brokerTLS](), nil)}, Description: g.comments["BrokerTLS"]}
	})
}

func (*brokerTLS) extend(s *jsonschema.Schema) {
	extendCredential(s)
	s.DependentRequired["certificate"] = append(s.DependentRequired["certificate"], "ca")
	s.DependentRequired["expired"] = []string{"ca"}
}

func (*DeviceTLS) extend(s *jsonschema.Schema) {
	extendCredential(s)
	s.DependentRequired["expired"] = []string{"ca"}
	s.AllOf = append(s.AllOf, notBoth("ca", "trust"))
}

func (*Credential) extend(s *jsonschema.Schema) {
	extendCredential(s)
	s.AnyOf = exactlyOneOf("certificate", "generate")
}

func extendCredential(s *jsonschema.Schema) {
	s.DependentRequired = map[string][]string{"certificate": {"key"}, "key": {"certificate"}}
	s.AllOf = append(s.AllOf, notBoth("certificate", "generate"))
}
