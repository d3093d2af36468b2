package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

func TestCertificatesDependOnTheSeedAlone(t *testing.T) {
	issue := func(s uint64, leaf Leaf) tls.Certificate {
		a, err := NewAuthority(1, "main")
		if s != 1 {
			a, err = NewAuthority(2, "main")
		}
		require.NoError(t, err)
		c, err := a.Issue(leaf)
		require.NoError(t, err)
		return c
	}
	leaf := Leaf{Name: "broker", Hosts: []string{"broker", "192.0.2.1"}, From: day(1), Until: day(9)}
	first := issue(1, leaf)
	require.Equal(t, first, issue(1, leaf))
	require.NotEqual(t, first.Certificate, issue(2, leaf).Certificate)
	require.NoError(t, first.Leaf.VerifyHostname("broker"))
	require.NoError(t, first.Leaf.VerifyHostname("192.0.2.1"))
	other := leaf
	other.Until = day(10)
	require.NotEqual(t, first.PrivateKey, issue(1, other).PrivateKey, "each certificate has a key of its own")
}

// TestEvenSigner holds signatures to one length on every curve, where they differ by themselves.
func TestEvenSigner(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		t.Run(curve.Params().Name, func(t *testing.T) {
			key, err := ecdsa.GenerateKey(curve, rand.Reader)
			require.NoError(t, err)
			even, plain := map[int]bool{}, map[int]bool{}
			for i := range 60 {
				digest := sha512.Sum512([]byte{byte(i)})
				signature, err := evenSigner{key}.Sign(rand.Reader, digest[:], nil)
				require.NoError(t, err)
				require.True(t, ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature))
				even[len(signature)] = true
				signature, err = key.Sign(rand.Reader, digest[:], nil)
				require.NoError(t, err)
				plain[len(signature)] = true
			}
			require.Len(t, even, 1)
			require.Greater(t, len(plain), 1)
		})
	}
}

// TestCauses has what only a certificate of one's own shows: those of scenarios are in package run.
func TestCauses(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "old"}, NotBefore: day(1), NotAfter: day(2),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	authorities, err := ParseAuthorities(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	require.NoError(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: day(1), NotAfter: day(20), DNSNames: []string{"broker"}}
	der, err = x509.CreateCertificate(rand.Reader, leaf, authorities[0], key.Public(), key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	_, err = parsed.Verify(x509.VerifyOptions{Roots: Pool(authorities), CurrentTime: day(10)})
	cause, remote := Cause(err, day(10))
	require.Equal(t, OldCA, cause)
	require.False(t, remote)

	cause, remote = Cause(&net.OpError{Op: "remote error", Err: tls.AlertError(42)}, day(1))
	require.Equal(t, "alert: bad certificate", cause)
	require.True(t, remote)
}

func TestPEM(t *testing.T) {
	for name, c := range map[string]struct{ data, want string }{
		"nothing":      {"", "no PEM certificate"},
		"text":         {"hello", "no PEM certificate"},
		"another kind": {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds a PRIVATE KEY"},
		"no DER":       {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x509"},
	} {
		_, err := ParseAuthorities([]byte(c.data))
		require.ErrorContains(t, err, c.want, name)
	}
	_, err := ParsePair([]byte("x"), []byte("y"))
	require.ErrorContains(t, err, "the certificate is not PEM")
}
