package twin_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/pki"
)

// BenchmarkHandshake is a whole handshake, both sides with certificates, as a device and the broker do it: what is
// wanted is less than 3 ms of processor time.
func BenchmarkHandshake(b *testing.B) {
	authority, err := pki.NewAuthority(1, "main")
	require.NoError(b, err)
	until := time.Now().AddDate(1, 0, 0)
	server, err := authority.Issue(pki.Leaf{Name: "broker", Hosts: []string{"broker"}, Until: until})
	require.NoError(b, err)
	client, err := authority.Issue(pki.Leaf{Name: "thermo", Until: until, Client: true})
	require.NoError(b, err)
	pool := pki.Pool([]*x509.Certificate{authority.Certificate()})
	for b.Loop() {
		device, broker := net.Pipe()
		done := make(chan error, 1)
		go func() {
			done <- tls.Server(broker, &tls.Config{Certificates: []tls.Certificate{server}, SessionTicketsDisabled: true,
				ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}).Handshake()
		}()
		require.NoError(b, tls.Client(device, &tls.Config{RootCAs: pool, ServerName: "broker",
			CurvePreferences: []tls.CurveID{tls.X25519}, Certificates: []tls.Certificate{client}}).Handshake())
		require.NoError(b, <-done)
	}
}
