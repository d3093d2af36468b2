package plan

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/twinrig/twinrig/internal/pki"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/scenarios/lang"
)

// credentials makes and reads certificates, each once.
type credentials struct {
	seed  seed.Seed
	read  func(string) ([]byte, error)
	begin time.Time // of the run

	signers map[string]*pki.Authority
	pairs   map[string]tls.Certificate // of files
	files   map[string][]*x509.Certificate
}

// credentialFault is what is wrong with a certificate, under the key where it is said.
type credentialFault struct{ key, message, hint string }

func newCredentials(s seed.Seed, read func(string) ([]byte, error), begin time.Time) *credentials {
	return &credentials{seed: s, read: read, begin: begin, signers: map[string]*pki.Authority{}, pairs: map[string]tls.Certificate{},
		files: map[string][]*x509.Certificate{}}
}

// of returns the certificate that c names, for the broker or a device called name.
func (c *credentials) of(spec *lang.Credential, name string, client bool) (tls.Certificate, *credentialFault) {
	if spec.Certificate != "" {
		return c.fromFiles(spec, name)
	}
	g := spec.Generate
	if g == nil {
		g = &lang.Generate{}
	}
	leaf := pki.Leaf{Name: name, Hosts: []string{brokerName}, From: c.begin.AddDate(0, 0, -1), Client: client}
	if len(g.Names) > 0 {
		leaf.Name, leaf.Hosts = g.Names[0].Text, nil
		for _, host := range g.Names {
			leaf.Hosts = append(leaf.Hosts, host.Text)
		}
	}
	if client {
		leaf.Hosts = nil
	}
	if g.From != nil {
		leaf.From = g.From.Time
	}
	leaf.Until = leaf.From.AddDate(10, 0, 0)
	if late := c.begin.AddDate(10, 0, 0); late.After(leaf.Until) {
		leaf.Until = late
	}
	if g.Until != nil {
		leaf.Until = g.Until.Time
	}
	if g.From == nil && !leaf.From.Before(leaf.Until) {
		leaf.From = leaf.Until.AddDate(-1, 0, 0) // it had expired before the run
	}
	signer, err := c.signer(authorityOf(g))
	if err != nil {
		return tls.Certificate{}, &credentialFault{key: "generate", message: err.Error()}
	}
	pair, err := signer.Issue(leaf)
	if err != nil {
		return tls.Certificate{}, &credentialFault{key: "generate", message: err.Error()}
	}
	return pair, nil
}

func (c *credentials) fromFiles(spec *lang.Credential, name string) (tls.Certificate, *credentialFault) {
	names := [2]string{}
	for i, file := range []string{spec.Certificate, spec.Key} {
		names[i] = Resolve(spec.Pos.File, lang.Expand(file, name))
	}
	id := names[0] + "\n" + names[1]
	if pair, ok := c.pairs[id]; ok {
		return pair, nil
	}
	var data [2][]byte
	for i, key := range []string{"certificate", "key"} {
		var err error
		if data[i], err = c.read(names[i]); err != nil {
			return tls.Certificate{}, &credentialFault{key, fmt.Sprintf("%s cannot be read: %v", names[i], err), ""}
		}
	}
	pair, err := pki.ParsePair(data[0], data[1])
	if err != nil {
		message := strings.TrimPrefix(err.Error(), "tls: ")
		key, file := "certificate", names[0]
		if strings.Contains(message, "key") {
			key, file = "key", names[1]
		}
		return tls.Certificate{}, &credentialFault{key, file + ": " + message, "PEM files of a certificate and of its private key"}
	}
	c.pairs[id] = pair
	return pair, nil
}

func (c *credentials) signer(name string) (*pki.Authority, error) {
	if a, ok := c.signers[name]; ok {
		return a, nil
	}
	a, err := pki.NewAuthority(c.seed, name)
	if err == nil {
		c.signers[name] = a
	}
	return a, err
}

// made returns a pool of authorities that are made.
func (c *credentials) made(names []string) (*x509.CertPool, error) {
	var list []*x509.Certificate
	for _, name := range names {
		a, err := c.signer(name)
		if err != nil {
			return nil, err
		}
		list = append(list, a.Certificate())
	}
	return pki.Pool(list), nil
}

// authorities reads a CA file.
func (c *credentials) authorities(file string) ([]*x509.Certificate, error) {
	if list, ok := c.files[file]; ok {
		return list, nil
	}
	data, err := c.read(file)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", file, err)
	}
	list, err := pki.ParseAuthorities(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	c.files[file] = list
	return list, nil
}
