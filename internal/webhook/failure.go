package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// refusedError is an address that the client does not connect to.
type refusedError struct{ why string }

func (e *refusedError) Error() string { return "webhook: the address is " + e.why }

// failed returns the answer for an attempt without a response. Its text is made here, because errors of package net and x509 hold
// addresses, names and parts of what was received. Broken off is whether the caller ended the attempt, and not its own time limit.
func failed(err error, brokenOff bool) Answer {
	var (
		refused *refusedError
		name    *net.DNSError
		network net.Error
		op      *net.OpError
	)
	switch {
	case brokenOff:
		return Answer{Outcome: Cancelled, Text: "the attempt was broken off by the sender"}
	case errors.As(err, &refused):
		return Answer{Outcome: AddressRefused, Text: "the host leads to " + refused.why + "; " + publicOnly}
	case errors.As(err, &name):
		if name.IsNotFound {
			return Answer{Outcome: NameUnresolved, Text: "DNS does not know the host"}
		}
		return Answer{Outcome: NameUnresolved, Text: "DNS did not say where the host is"}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return Answer{Outcome: TimedOut, Text: "no answer came in time; the receiver may have taken the message all the same"}
	case isTLS(err):
		return Answer{Outcome: TLSFailed, Text: tlsText(err)}
	case errors.As(err, &op) && op.Op == "dial":
		return Answer{Outcome: Unreachable, Text: "the host did not take the connection"}
	case isLost(err):
		return Answer{Outcome: ConnectionLost, Text: "the connection ended before the answer; the receiver may have taken the message all the same"}
	}
	return Answer{Outcome: BadAnswer, Text: "what came back is not an answer of HTTP"}
}

// isTLS reports whether the handshake failed. Most errors of package tls have no type; their texts start with its name, and those of alerts
// have an operation of their own.
func isTLS(err error) bool {
	var (
		op     *net.OpError
		record tls.RecordHeaderError
		verify *tls.CertificateVerificationError
	)
	return errors.As(err, &verify) || errors.As(err, &record) ||
		errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error") || strings.HasPrefix(err.Error(), "tls: ")
}

// tlsText says what is wrong with the certificate, or with the handshake.
func tlsText(err error) string {
	var (
		host      x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &host):
		return "the certificate is for another host"
	case errors.As(err, &authority):
		return "the certificate is signed by an authority that is not known here, or its chain is not complete"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired or is not valid yet"
	case errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/":
		return "the receiver speaks HTTP without TLS at this port"
	}
	return "no connection with TLS 1.2 or 1.3 and a valid certificate could be made"
}

// isLost reports whether a connection ended that had been made. The text is that of a kept connection that was closed just as it was
// used again, an error of package http without a name.
func isLost(err error) bool {
	var op *net.OpError
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return errors.As(err, &op) || strings.Contains(err.Error(), "server closed idle connection")
}
