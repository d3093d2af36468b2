package lang

import (
	"fmt"
	"net"
	"net/url"

	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// Broker configures the embedded broker, or names one elsewhere.
type Broker struct {
	Pos    diag.Position `yaml:"-"`
	Keys   Keys          `yaml:"-"`
	Auth   string        `yaml:"auth" jsonschema:"enum=per-device,enum=open"` // who may connect and use which topics; default per-device
	Listen *BrokerListen `yaml:"listen"`                                      // live: addresses on which others can reach the embedded broker too
	Limits *BrokerLimits `yaml:"limits"`                                      // how often clients may connect and publish, and how much at once; default: no limits
	TLS    *BrokerTLS    `yaml:"tls"`                                         // the broker speaks TLS, and devices connect with it; true: with certificates that are made; default: plain TCP
	URL    *BrokerURL    `yaml:"url"`                                         // live: a broker elsewhere in the place of the embedded one
}

// BrokerListen is where the embedded broker of a live run listens, beside the devices' networks.
type BrokerListen struct {
	Pos       diag.Position `yaml:"-"`
	Keys      Keys          `yaml:"-"`
	TCP       string        `yaml:"tcp"`       // HOST:PORT for MQTT over TCP; default: a free port of the loopback interface, with broker.tls none
	TLS       string        `yaml:"tls"`       // HOST:PORT for MQTT over TLS, where broker.tls is given; default: a free port of the loopback interface
	WebSocket string        `yaml:"websocket"` // HOST:PORT for MQTT over WebSocket; default: none
}

// BrokerURL is the address of a broker, with the backend's user where it wants one: mqtt://user:password@host:1883.
type BrokerURL struct {
	Pos diag.Position
	*url.URL
}

// ParseBrokerURL reads the URL of a broker: mqtt://[USER[:PASSWORD]@]HOST[:PORT], or mqtts for TLS.
func ParseBrokerURL(text string) (*url.URL, error) {
	const example = "as in mqtt://user:password@broker.example.com:1883, or mqtts for TLS"
	u, err := url.Parse(text)
	switch {
	case err != nil: // its text may hold a password
		return nil, &unitError{"this is not a URL", example}
	case u.Scheme != "mqtt" && u.Scheme != "mqtts":
		return nil, &unitError{fmt.Sprintf("the URL of a broker begins with mqtt:// or mqtts://, not with %q", shorten(u.Scheme)), example}
	case u.Hostname() == "":
		return nil, &unitError{"the URL names no host", example}
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, &unitError{"behind the host and port the URL of a broker ends", example}
	}
	return u, nil
}

func (v *BrokerURL) decode(d *decoder, n *yaml.Node, path string, _ *field) {
	v.Pos, v.URL = d.position(n), quantityOf(d, n, path, ParseBrokerURL)
}

func (b *Broker) check(d *decoder, at mapping) {
	for _, key := range at.keys.among("auth", "listen", "limits") {
		if at.keys.Has("url") {
			at.add(d, key, key+" is for the embedded broker", "a broker with a url has its own ways")
		}
	}
	if b.TLS != nil {
		b.TLS.checkWith(d, b, join(at.path, "tls"))
	}
	if b.Listen != nil && b.Listen.Keys.Has("tls") && b.TLS == nil {
		d.diags.Add(b.Listen.Keys.At("tls", b.Listen.Pos), join(at.path, "listen.tls"), "the broker speaks no TLS", "broker: {tls: true, listen: …}")
	}
}

func (l *BrokerListen) check(d *decoder, at mapping) {
	for _, key := range []string{"tcp", "tls", "websocket"} {
		address := map[string]string{"tcp": l.TCP, "tls": l.TLS, "websocket": l.WebSocket}[key]
		if _, port, err := net.SplitHostPort(address); at.keys.Has(key) && !d.faulty(join(at.path, key)) && (err != nil || port == "") {
			at.add(d, key, fmt.Sprintf("%q is not an address", shorten(address)), "HOST:PORT, as in 127.0.0.1:1883")
		}
	}
}
