package broker

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twinrig/twinrig/internal/pki"
	"github.com/twinrig/twinrig/internal/trace"
)

// TLS is how the broker shows itself, and what it asks of its clients. Validity counts on the broker's
// clock, which is world time.
type TLS struct {
	Certificate tls.Certificate
	Clients     *x509.CertPool // who signs certificates of clients; nil: the broker asks for none
	Required    bool           // a client without one is refused
}

// errNoTLS is what Rotate returns without Config.TLS.
var errNoTLS = errors.New("broker: it does not speak TLS")

// AttachTLS is Attach for a connection on which the client begins with a TLS handshake; Config.TLS must
// be set. How the handshake ends is a handshake event.
func (b *Broker) AttachTLS(conn net.Conn) { b.attach(conn, b.secured(conn)) }

// ListenTLS is Listen for TLS.
func (b *Broker) ListenTLS(addr string) (net.Addr, error) {
	if b.cfg.TLS == nil {
		return nil, errNoTLS
	}
	return b.listen(addr, func(ln net.Listener) { b.acceptWith(ln, b.AttachTLS) })
}

// Rotate changes the certificate for handshakes from now on; connections that exist stay. The handshakes
// that begin with it are counted by the function returned.
func (b *Broker) Rotate(certificate tls.Certificate) (shown func() int64, err error) {
	if b.cfg.TLS == nil {
		return nil, errNoTLS
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.certificate = &shownCertificate{Certificate: certificate}
	return b.certificate.count.Load, nil
}

// secured returns the server's side of TLS over conn. Sessions are not resumed: each handshake is a whole one.
func (b *Broker) secured(conn net.Conn) *tls.Conn {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true,
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.certificate.count.Add(1)
			return &b.certificate.Certificate, nil
		}}
	if b.cfg.TLS.Clients != nil {
		cfg.ClientCAs, cfg.ClientAuth = b.cfg.TLS.Clients, tls.VerifyClientCertIfGiven
		if b.cfg.TLS.Required {
			cfg.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
	return tls.Server(conn, cfg)
}

// shake does the handshake, and records how it ended.
func (l *link) shake(conn *tls.Conn) error {
	err := conn.Handshake()
	e := trace.Event{Device: l.device, Kind: trace.Handshake, Cause: pki.Success}
	if err == nil {
		state := conn.ConnectionState()
		e.Text = tls.VersionName(state.Version)
		if len(state.PeerCertificates) > 0 {
			name := state.PeerCertificates[0].Subject.CommonName
			e.Text += ", the client shows " + cmp.Or(name, "a certificate without a name")
			e.Device = l.certified(name)
		}
		l.b.emit(e)
		return nil
	}
	remote := false
	e.Cause, remote = pki.Cause(err, time.Now())
	switch {
	case remote:
		e.Name, e.Text = "device", "it says so by an alert"
	case e.Cause != pki.Network && e.Cause != pki.Timeout:
		e.Name, e.Text = "broker", err.Error()
	}
	l.b.emit(e)
	return fmt.Errorf("broker: TLS handshake: %w", err)
}

// certified returns the device of the connection, which on the wall clock a certificate for its name tells.
func (l *link) certified(name string) string {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	if _, ok := l.b.devices[name]; ok && l.device == "" {
		l.device = name
	}
	return l.device
}

// RecordLength returns the length in bytes of the first whole TLS record in b, and 0 where b does not hold
// all of it yet. What does not begin as a record is handed over at once: the broker shall see it.
func RecordLength(b []byte) int {
	const header, firstType, lastType = 5, 20, 23 // RFC 8446, 5.1
	switch {
	case len(b) > 0 && (b[0] < firstType || b[0] > lastType):
		return len(b)
	case len(b) < header:
		return 0
	}
	if n := header + int(b[3])<<8 + int(b[4]); n <= len(b) {
		return n
	}
	return 0
}
