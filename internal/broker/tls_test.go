package broker

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/twinrig/twinrig/internal/pki"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/internal/vtime"
)

func TestRecordLength(t *testing.T) {
	for _, c := range []struct {
		data string
		want int
	}{
		{"", 0}, {"\x16\x03\x01\x00", 0}, {"\x16\x03\x01\x00\x02a", 0}, {"\x16\x03\x01\x00\x02ab", 7},
		{"\x17\x03\x03\x00\x01a\x17\x03", 6}, {"\x10\x0c\x00\x04MQTT", 8},
	} {
		require.Equal(t, c.want, RecordLength([]byte(c.data)), "%q", c.data)
	}
}

// TestListenTLS takes TLS on the wall clock, and tells of a client that speaks plain MQTT there.
func TestListenTLS(t *testing.T) {
	defer goleak.VerifyNone(t)
	authority, err := pki.NewAuthority(1, "main")
	require.NoError(t, err)
	certificate, err := authority.Issue(pki.Leaf{Name: "broker", Hosts: []string{"broker"}, Until: time.Now().AddDate(1, 0, 0)})
	require.NoError(t, err)
	loop := vtime.NewLoop(nil)
	stopped := make(chan struct{})
	go func() { defer close(stopped); loop.Run(func() bool { return false }) }()
	var mu sync.Mutex
	var causes []string
	b, err := New(Config{Source: loop.Source(), TLS: &TLS{Certificate: certificate}, Emit: func(e trace.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Kind == trace.Handshake {
			causes = append(causes, e.Name+" "+e.Cause)
		}
	}})
	require.NoError(t, err)
	addr, err := b.ListenTLS("127.0.0.1:0")
	require.NoError(t, err)
	plain, err := net.Dial("tcp", addr.String())
	require.NoError(t, err)
	_, err = plain.Write([]byte("\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(causes) == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, plain.Close())
	secure, err := tls.Dial("tcp", addr.String(), &tls.Config{RootCAs: pki.Pool([]*x509.Certificate{authority.Certificate()}), ServerName: "broker"})
	require.NoError(t, err)
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(causes) == 2 }, 10*time.Second, time.Millisecond)
	require.NoError(t, secure.Close())
	b.Close()
	loop.Stop()
	<-stopped
	require.Equal(t, []string{"broker not TLS", " success"}, causes)

	none, err := New(Config{Source: loop.Source(), Emit: func(trace.Event) {}})
	require.NoError(t, err)
	_, err = none.ListenTLS("127.0.0.1:0")
	require.ErrorContains(t, err, "does not speak TLS")
	_, err = none.Rotate(certificate)
	require.ErrorContains(t, err, "does not speak TLS")
	none.Close()
}
