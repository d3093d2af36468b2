package twin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twinrig/twinrig/internal/pki"
	"github.com/twinrig/twinrig/internal/trace"
)

// TLS is how a device meets a broker that speaks TLS.
type TLS struct {
	Roots       *x509.CertPool   // the authorities that it was given; nil: those of the host
	Certificate *tls.Certificate // its own; nil: it has none
	ServerName  string           // what the broker's certificate must be for
}

// BrokerAddress returns where the broker is, for DialBroker: broker:8883 where it speaks TLS, else
// broker:1883.
func (hw *Hardware) BrokerAddress() string {
	if hw.t.cfg.TLS != nil {
		return "broker:8883"
	}
	return "broker:1883"
}

// TLSConfig returns the TLS settings that the device was given, for the caller to change; nil where the
// broker speaks no TLS. Validity counts on the device's real-time clock, Now: firmware that knows better
// sets Time. The device shows its certificate whatever authorities the broker names.
func (hw *Hardware) TLSConfig() *tls.Config {
	given := hw.t.cfg.TLS
	if given == nil {
		return nil
	}
	cfg := &tls.Config{RootCAs: given.Roots, ServerName: given.ServerName, Time: hw.Now, MinVersion: tls.VersionTLS12,
		SessionTicketsDisabled: true, CurvePreferences: []tls.CurveID{tls.X25519}}
	if own := given.Certificate; own != nil {
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own, nil }
	}
	return cfg
}

// DialBroker connects to the broker as DialContext does, and with the settings of TLSConfig where the
// broker speaks TLS. It is what firmware hands to an MQTT client, with BrokerAddress.
func (hw *Hardware) DialBroker(ctx context.Context, network, address string) (net.Conn, error) {
	cfg := hw.TLSConfig()
	if cfg == nil {
		return hw.DialContext(ctx, network, address)
	}
	return hw.DialTLS(ctx, network, address, cfg)
}

// DialTLS connects as DialContext does and does a TLS handshake with cfg. Where the device refuses the
// broker, a handshake event says why.
func (hw *Hardware) DialTLS(ctx context.Context, network, address string, cfg *tls.Config) (net.Conn, error) {
	under, err := hw.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(under, cfg)
	if err = conn.HandshakeContext(ctx); err == nil {
		return conn, nil
	}
	under.Close() //nolint:errcheck // it is given up
	if ended := hw.refused(err, cfg); ended != nil {
		return nil, ended
	}
	return nil, fmt.Errorf("twin: TLS handshake with %s: %w", address, err)
}

// refused records that the device refused the broker. It returns why the boot has ended, or nil.
func (hw *Hardware) refused(err error, cfg *tls.Config) error {
	clock := time.Now
	if cfg.Time != nil {
		clock = cfg.Time
	}
	cause, remote := pki.Cause(err, clock())
	return hw.do(func() error {
		if !remote && cause != pki.Network && cause != pki.Timeout && !errors.Is(err, context.Canceled) {
			hw.t.emit(trace.Event{Kind: trace.Handshake, Name: "device", Cause: cause, Text: err.Error()})
		}
		return nil
	})
}
