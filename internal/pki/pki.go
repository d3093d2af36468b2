// Package pki makes certificates that depend on nothing but the seed of a run, reads those that users
// bring, and says in a few words why one was not accepted.
//
// Keys that it makes are Ed25519 (RFC 8410): their signatures have one length and need no chance, so
// that the flights of a handshake have the same sizes in every run.
package pki

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/twinrig/twinrig/internal/seed"
)

// Authority is a certificate authority made from the seed. It is safe for concurrent use.
type Authority struct {
	name        string
	seed        seed.Seed
	key         ed25519.PrivateKey
	certificate *x509.Certificate
}

// Leaf says what to certify.
type Leaf struct {
	Name        string   // the subject's common name
	Hosts       []string // DNS names and IP addresses of a server
	From, Until time.Time
	Client      bool // of a client; else of a server
}

// NewAuthority returns the authority of that name. It is valid from 1970 to 2200: what expires in a
// scenario are the certificates that it signs.
func NewAuthority(s seed.Seed, name string) (*Authority, error) {
	a := &Authority{name: name, seed: s, key: key(s, "authority/"+name)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name + " authority"},
		NotBefore: time.Unix(0, 0).UTC(), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(nil, template, template, a.key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("pki: authority %s: %w", name, err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("pki: authority %s: %w", name, err)
	}
	return a, nil
}

// Certificate returns the authority's own certificate, which must not be changed.
func (a *Authority) Certificate() *x509.Certificate { return a.certificate }

// Issue certifies a key that is made for this leaf: the same leaf gets the same key and certificate.
func (a *Authority) Issue(leaf Leaf) (tls.Certificate, error) {
	purpose := fmt.Sprintf("%s/%s/%v/%d/%d/%t", a.name, leaf.Name, leaf.Hosts, leaf.From.Unix(), leaf.Until.Unix(), leaf.Client)
	private := key(a.seed, "leaf/"+purpose)
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetUint64(binary.BigEndian.Uint64(a.seed.Token("tls", "serial/"+purpose, 8))>>1 + 2),
		Subject:      pkix.Name{CommonName: leaf.Name}, NotBefore: leaf.From.UTC(), NotAfter: leaf.Until.UTC(),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if leaf.Client {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	for _, host := range leaf.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(nil, template, a.certificate, private.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("pki: certificate of %s: %w", leaf.Name, err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("pki: certificate of %s: %w", leaf.Name, err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: parsed}, nil
}

func key(s seed.Seed, purpose string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(s.Token("tls", purpose, ed25519.SeedSize))
}
