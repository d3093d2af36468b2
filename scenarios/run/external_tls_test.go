package run_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/fixtures"
	"github.com/twinrig/twinrig/internal/need"
	"github.com/twinrig/twinrig/internal/pki"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/plan"
	"github.com/twinrig/twinrig/scenarios/run"
)

// pems writes an authority, and a certificate for 127.0.0.1 that it signed, as PEM files into a folder.
func pems(t *testing.T) (folder string) {
	folder = t.TempDir()
	authority, err := pki.NewAuthority(1, "main")
	require.NoError(t, err)
	leaf, err := authority.Issue(pki.Leaf{Name: "broker", Hosts: []string{"127.0.0.1"}, From: time.Now().AddDate(0, 0, -1), Until: time.Now().AddDate(1, 0, 0)})
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{
		"ca.pem":     {Type: "CERTIFICATE", Bytes: authority.Certificate().Raw},
		"broker.pem": {Type: "CERTIFICATE", Bytes: leaf.Certificate[0]},
		"broker.key": {Type: "PRIVATE KEY", Bytes: key},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600))
	}
	return folder
}

// TestExternalBrokerOverTLS runs against mosquitto with TLS and a password for each device, for a few seconds of
// wall time.
func TestExternalBrokerOverTLS(t *testing.T) {
	folder := pems(t)
	port := need.MosquittoWith(t, map[string]string{"thermo": "secret-thermo", "backend": "hush"},
		fmt.Sprintf("cafile %[1]s/ca.pem\ncertfile %[1]s/broker.pem\nkeyfile %[1]s/broker.key\n", folder))
	secured := func(t *testing.T, host, tls, device, steps string) run.Result {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "t.kind.yaml"), []byte(externalKind), 0o600))
		file := filepath.Join(folder, "s.yaml")
		text := fmt.Sprintf("scenario: TLS elsewhere\nbroker: {url: 'mqtts://backend:hush@%s:%d'%s}\ndevices: {thermo: {kind: t.kind.yaml, network: cell%s}}\n"+
			"networks: {cell: {latency: 20ms}}\nsteps:\n  - power: {thermo: on}\n%s", host, port, tls, device, steps)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		p, faults := plan.Load(plan.Options{File: file, Seed: 1, Firmware: []string{"thermostat"}, Mode: run.Live})
		require.NoError(t, faults.Err())
		program, faults := expect.Compile(p)
		require.NoError(t, faults.Err())
		return run.Run(p, program, run.Options{Mode: run.Live, Firmware: fixtures.Firmware()})
	}
	t.Run("a device and the backend meet there", func(t *testing.T) {
		r := secured(t, "127.0.0.1", ", tls: {ca: ca.pem}", "", `
  - expect: {mqtt: devices/thermo/status, json: {state: online}, retained: true, within: 10s}
  - publish: {topic: devices/thermo/command, json: {setpoint: 22}, qos: 1}
  - expect: {mqtt: devices/thermo/ack, json: {setpoint: 22}, within: 5s}
`)
		require.Equal(t, run.Pass, r.Verdict, "%v %s", r.Failures, r.Reason)
	})
	t.Run("a device that trusts another authority does not", func(t *testing.T) {
		r := secured(t, "127.0.0.1", ", tls: {ca: ca.pem}", ", tls: {trust: other}", "  - expect: {console: thermo, matches: 'OFFLINE.*unknown authority', within: 10s}\n")
		require.Equal(t, run.Pass, r.Verdict, "%v %s", r.Failures, r.Reason)
	})
	t.Run("an authority that the host does not know is a fault of the bench", func(t *testing.T) {
		r := secured(t, "127.0.0.1", "", "", "  - wait: 10ms\n")
		require.Equal(t, run.Infra, r.Verdict)
		require.Contains(t, r.Reason, "unknown authority")
		require.NotContains(t, r.Reason, "hush", "the password is nobody's business")
	})
	t.Run("so is another name", func(t *testing.T) {
		r := secured(t, "localhost", ", tls: {ca: ca.pem}", "", "  - wait: 10ms\n")
		require.Equal(t, run.Infra, r.Verdict)
		require.Contains(t, r.Reason, "wanted to match localhost")
	})
}
