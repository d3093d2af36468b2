package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// The causes of failed handshakes, as the trace has them.
const (
	Success     = "success"
	Expired     = "certificate expired"
	NotYet      = "certificate not yet valid"
	OldCA       = "authority expired"
	Unknown     = "unknown authority"
	WrongName   = "name mismatch"
	WrongUsage  = "wrong use of the certificate"
	BadCert     = "bad certificate"
	Required    = "client certificate required"
	NotTLS      = "not TLS"
	Timeout     = "timeout"
	Network     = "network"
	Protocol    = "protocol error"
	alertPrefix = "alert: "
)

// Cause says in a few words why a handshake failed at this side, whose clock showed now. remote reports
// that it was the peer that refused, and told so by an alert (RFC 8446, 6.2).
func Cause(err error, now time.Time) (cause string, remote bool) {
	var (
		op       *net.OpError
		invalid  x509.CertificateInvalidError
		unknown  x509.UnknownAuthorityError
		name     x509.HostnameError
		record   tls.RecordHeaderError
		verified *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &op) && op.Op == "remote error":
		return alertPrefix + strings.TrimPrefix(op.Err.Error(), "tls: "), true
	case errors.As(err, &op) && op.Op == "local error": // an alert that crypto/tls sent
		return Protocol, false
	case errors.As(err, &unknown):
		return Unknown, false
	case errors.As(err, &name):
		return WrongName, false
	case errors.As(err, &invalid):
		switch {
		case invalid.Reason == x509.IncompatibleUsage:
			return WrongUsage, false
		case invalid.Reason != x509.Expired:
			return BadCert, false
		case now.Before(invalid.Cert.NotBefore):
			return NotYet, false
		case invalid.Cert.IsCA:
			return OldCA, false
		}
		return Expired, false
	case errors.As(err, &verified):
		return BadCert, false
	case errors.As(err, &record):
		return NotTLS, false
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return Timeout, false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.As(err, &op), errors.Is(err, context.Canceled):
		return Network, false
	case strings.Contains(err.Error(), "didn't provide a certificate"): // crypto/tls has no type for it
		return Required, false
	}
	return Protocol, false
}
