package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
)

// ParsePair reads a certificate, with what leads to its authority behind it, and its private key from PEM.
func ParsePair(certificate, key []byte) (tls.Certificate, error) {
	if block, _ := pem.Decode(certificate); block == nil {
		return tls.Certificate{}, errors.New("the certificate is not PEM")
	}
	if block, _ := pem.Decode(key); block == nil {
		return tls.Certificate{}, errors.New("the key is not PEM")
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	if private, ok := pair.PrivateKey.(*ecdsa.PrivateKey); ok {
		pair.PrivateKey = evenSigner{private}
	}
	return pair, nil
}

// ParseAuthorities reads the certificates of authorities from PEM. Whatever is no such certificate is an error.
func ParseAuthorities(data []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("holds a %s where certificates of authorities are wanted", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		if !c.IsCA {
			return nil, fmt.Errorf("the certificate of %q is not that of an authority (no CA in its basic constraints)", c.Subject.CommonName)
		}
		list = append(list, c)
	}
	switch {
	case len(list) == 0:
		return nil, errors.New("holds no PEM certificate")
	case len(bytes.TrimSpace(data)) > 0:
		return nil, errors.New("ends in something that is not PEM")
	}
	return list, nil
}

// Pool returns a pool of the authorities.
func Pool(authorities []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range authorities {
		pool.AddCert(c)
	}
	return pool
}

// evenSigner makes ECDSA signatures of one length. In DER they differ by up to two bytes from one to the
// next, and with them the packets of a handshake and the time that a slow link takes for them.
type evenSigner struct{ *ecdsa.PrivateKey }

// Sign implements crypto.Signer; it signs about twice.
func (s evenSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	want := 0
	for range 256 { // one in two has the length
		signature, err := s.PrivateKey.Sign(random, digest, opts)
		if err != nil {
			return nil, err
		}
		if want == 0 {
			want = derLength(s.Curve.Params().BitSize)
		}
		if len(signature) == want {
			return signature, nil
		}
	}
	return nil, errors.New("pki: no ECDSA signature of the usual length")
}

// derLength is the length of a signature of which one of the two numbers has its highest bit set, the most
// frequent one. Where the order does not fill its bytes, as with P-521, no number has.
func derLength(bits int) int {
	size := (bits + 7) / 8
	body := 2*(2+size) + 1
	if bits%8 != 0 {
		body--
	}
	if body > 127 {
		return body + 3
	}
	return body + 2
}
