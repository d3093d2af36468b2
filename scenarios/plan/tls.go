package plan

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/pki"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// TLS is how the broker shows itself, and what it asks of devices. Of a broker elsewhere only Roots is there.
type TLS struct {
	Certificate tls.Certificate
	Roots       *x509.CertPool // what devices trust that say nothing else; nil: what the host trusts
	Clients     *x509.CertPool // who signs the certificates of devices; nil: the broker asks for none
	Required    bool           // a device without one is refused
	authority   string         // which signs the certificates of devices that are made; "" with a file
	credentials *credentials
}

// DeviceTLS is what a device has for the broker's TLS.
type DeviceTLS struct {
	Roots       *x509.CertPool
	Certificate *tls.Certificate // nil: none
	ServerName  string
}

// brokerName is the name by which devices know the embedded broker.
const brokerName = "broker"

// Next returns the certificate that a rotate step names.
func (t *TLS) Next(c *lang.Credential) (tls.Certificate, error) {
	pair, fault := t.credentials.of(c, brokerName, false)
	if fault != nil {
		return tls.Certificate{}, fmt.Errorf("plan: %s: %s", fault.key, fault.message)
	}
	return pair, nil
}

// secure resolves broker.tls; nil without it. A broker elsewhere speaks TLS by its URL.
func (l *loader) secure() *TLS {
	b := l.plan.Scenario.Broker
	elsewhere := l.plan.External != nil && l.plan.External.Scheme == "mqtts"
	if b == nil || b.TLS == nil && !elsewhere {
		return nil
	}
	spec := b.TLS
	if spec == nil {
		spec = &lang.BrokerTLS{Pos: b.Pos}
	}
	t := &TLS{Required: spec.Client == "required", credentials: l.credentials()}
	const path = "broker.tls"
	if spec.CA != "" {
		t.Roots = l.authorities(spec.CA, spec.Expired, spec.Keys, spec.Pos, path)
	} else if !elsewhere {
		t.authority = authorityOf(spec.Generate)
		t.Roots = l.made(t.authority, spec.Pos, path)
	}
	if elsewhere {
		return t
	}
	t.Certificate = l.credential(&spec.Credential, spec.Keys, spec.Pos, path, brokerName, false)
	if spec.Client == "required" || spec.Client == "optional" {
		t.Clients = t.Roots
	}
	return t
}

func authorityOf(g *lang.Generate) string {
	if g == nil || g.Authority == "" {
		return lang.DefaultAuthority
	}
	return g.Authority
}

// secureDevices resolves the tls of devices.
func (l *loader) secureDevices() {
	t := l.plan.TLS
	for _, n := range l.plan.Scenario.Devices {
		spec, path := n.Value.TLS, "devices."+n.Name+".tls"
		if t == nil {
			if spec != nil {
				l.diags.Add(spec.Pos, path, "the broker speaks no TLS", "broker: {tls: true}")
			}
			continue
		}
		if spec == nil {
			spec = &lang.DeviceTLS{Pos: n.Pos}
		}
		common := DeviceTLS{Roots: l.trusted(spec, path), ServerName: spec.Name}
		if common.ServerName == "" {
			common.ServerName = brokerName
			if l.plan.External != nil {
				common.ServerName = l.plan.External.Hostname()
			}
		}
		for _, name := range l.plan.Members(n.Name) {
			if device := l.plan.Device(name); device != nil {
				own := common
				own.Certificate = l.shown(spec, path, name)
				device.TLS = &own
			}
		}
	}
}

// trusted returns what a device trusts.
func (l *loader) trusted(spec *lang.DeviceTLS, path string) *x509.CertPool {
	if spec.CA != "" {
		return l.authorities(spec.CA, spec.Expired, spec.Keys, spec.Pos, path)
	}
	if spec.Trust == nil {
		return l.plan.TLS.Roots
	}
	names := make([]string, len(spec.Trust))
	for i, name := range spec.Trust {
		names[i] = name.Text
	}
	return l.made(strings.Join(names, "\n"), spec.Trust[0].Pos, path)
}

// shown returns the certificate of a device, or nil.
func (l *loader) shown(spec *lang.DeviceTLS, path, device string) *tls.Certificate {
	t := l.plan.TLS
	asked := spec.Certificate != "" || spec.Generate != nil
	if spec.Anonymous || !asked && (t.Clients == nil || t.authority == "") {
		return nil
	}
	c := spec.Credential
	if !asked {
		c = lang.Credential{Pos: spec.Pos, Generate: &lang.Generate{Authority: t.authority}}
	} else if g := spec.Generate; g != nil && g.Authority == "" && t.authority != "" {
		with := *g
		with.Authority = t.authority
		c.Generate = &with
	}
	pair := l.credential(&c, spec.Keys, spec.Pos, path, device, true)
	return &pair
}

// credential resolves a certificate and reports what is wrong with it.
func (l *loader) credential(c *lang.Credential, keys lang.Keys, pos diag.Position, path, name string, client bool) tls.Certificate {
	pair, fault := l.credentials().of(c, name, client)
	if fault != nil {
		at := keys.At(fault.key, pos)
		if !slices.ContainsFunc(l.diags, func(d diag.Diagnostic) bool { return d.Position == at && d.Message == fault.message }) { // of a fleet once
			l.diags.Add(at, path+"."+fault.key, fault.message, fault.hint)
		}
	}
	return pair
}

// rotation checks a rotate step.
func (l *loader) rotation(s *lang.Step) {
	c := s.Broker.Rotate
	if c == nil {
		return
	}
	path := s.Path + ".broker.rotate"
	if l.plan.TLS == nil || l.plan.External != nil {
		l.diags.Add(c.Pos, path, "the broker speaks no TLS", "broker: {tls: true}")
		return
	}
	l.credential(c, c.Keys, c.Pos, path, brokerName, false)
}

// authorities reads a CA file, once for each that names it.
func (l *loader) authorities(file string, mayExpire bool, keys lang.Keys, pos diag.Position, path string) *x509.CertPool {
	list, err := l.credentials().authorities(Resolve(pos.File, file))
	at, path := keys.At("ca", pos), path+".ca"
	if err != nil {
		l.diags.Add(at, path, err.Error(), "a PEM file with the certificates of authorities")
		return nil
	}
	begin := l.begin()
	expired := !slices.ContainsFunc(list, func(c *x509.Certificate) bool { return !begin.After(c.NotAfter) })
	last := slices.MaxFunc(list, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
	switch {
	case expired && !mayExpire:
		l.diags.Add(at, path, fmt.Sprintf("%s expired at %s, before the run begins at %s", Resolve(pos.File, file), last.NotAfter.Format(time.RFC3339), begin.UTC().Format(time.RFC3339)),
			"expired: true where that is what is to be tested")
	case !expired && mayExpire:
		l.diags.Add(keys.At("expired", pos), strings.TrimSuffix(path, "ca")+"expired", fmt.Sprintf("%s is valid until %s", Resolve(pos.File, file), last.NotAfter.Format(time.RFC3339)), "leave expired out")
	}
	return pki.Pool(list)
}

// made returns a pool of authorities that are made, whose names stand in lines.
func (l *loader) made(names string, pos diag.Position, path string) *x509.CertPool {
	pool, err := l.credentials().made(strings.Split(names, "\n"))
	if err != nil {
		l.diags.Add(pos, path, err.Error(), "")
	}
	return pool
}

// begin is when the run begins, as far as certificates go.
func (l *loader) begin() time.Time {
	if l.opts.Mode == "live" {
		return time.Now()
	}
	return l.plan.Start
}

func (l *loader) credentials() *credentials {
	if l.pki == nil {
		l.pki = newCredentials(l.opts.Seed, l.opts.ReadFile, l.begin())
	}
	return l.pki
}
