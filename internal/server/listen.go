package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/assent-io/assent/internal/certificate"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/server/connlimit"
)

// listeners are where the server is reached.
type listeners struct {
	grpc  net.Listener
	http  net.Listener
	pprof net.Listener // nil: there is none
	lmtp  net.Listener // likewise

	connections *connlimit.Limits        // of gRPC and HTTP
	certificate *certificate.Certificate // nil: there is no TLS
}

// listen opens the addresses, with TLS if the settings have a certificate; profiles never leave the machine and have none.
func listen(ctx context.Context, cfg config.Server, opts Options) (_ *listeners, err error) {
	l := &listeners{connections: connlimit.New(openFiles(), cfg.MaxConnections, opts.Logger)}
	secure, err := l.loadTLS(cfg, opts)
	if err != nil {
		return nil, err
	}
	if l.grpc, err = listenOn(ctx, cfg.GRPCAddress, l.connections, secure, "h2"); err != nil {
		return nil, fmt.Errorf("listen for gRPC: %w", err)
	}
	if l.http, err = listenOn(ctx, cfg.HTTPAddress, l.connections, secure, "h2", "http/1.1"); err != nil {
		return nil, errors.Join(fmt.Errorf("listen for HTTP: %w", err), l.grpc.Close())
	}
	if cfg.PprofAddress != "" {
		if l.pprof, err = listenOn(ctx, cfg.PprofAddress, nil, nil); err != nil {
			return nil, errors.Join(fmt.Errorf("listen for pprof: %w", err), l.grpc.Close(), l.http.Close())
		}
	}
	if cfg.LMTPAddress != "" {
		if l.lmtp, err = listenOn(ctx, cfg.LMTPAddress, nil, nil); err != nil {
			return nil, errors.Join(fmt.Errorf("listen for LMTP: %w", err), l.close())
		}
	}
	return l, nil
}

// listenOn opens an address, within the limits if there are any. TLS is put around the listener, not into the gRPC server, for that one is also reached from inside
// the process, without TLS.
func listenOn(
	ctx context.Context, address string, limits *connlimit.Limits, secure *tls.Config, protocols ...string,
) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if limits != nil {
		listener = limits.Listener(listener)
	}
	if secure == nil {
		return listener, nil
	}
	secure = secure.Clone()
	secure.NextProtos = protocols
	return tls.NewListener(listener, secure), nil
}

// loadTLS reads the certificate, which is read anew when it changes; nil if the settings have none.
func (l *listeners) loadTLS(cfg config.Server, opts Options) (*tls.Config, error) {
	if cfg.TLSCert == "" {
		return nil, nil
	}
	served, err := certificate.Load(cfg.TLSCert, cfg.TLSKey, opts.Now, opts.Logger)
	if err != nil {
		return nil, err
	}
	l.certificate = served
	return &tls.Config{GetCertificate: served.ForHandshake, MinVersion: tls.VersionTLS12}, nil
}

// reached returns the settings with the address by which recipients reach the server: an open one without a public address is reached where it
// listens, since all its recipients are on this machine, too.
func (l *listeners) reached(cfg config.Server) config.Server {
	switch at := l.http.Addr().String(); {
	case cfg.PublicURL != "" || !cfg.Open:
	case l.certificate != nil:
		cfg.PublicURL = "https://" + at
	default:
		cfg.PublicURL = "http://" + at
	}
	return cfg
}

// addresses returns where they are, with the ports that they got.
func (l *listeners) addresses() Addresses {
	at := Addresses{GRPC: l.grpc.Addr().String(), HTTP: l.http.Addr().String()}
	if l.pprof != nil {
		at.Pprof = l.pprof.Addr().String()
	}
	if l.lmtp != nil {
		at.LMTP = l.lmtp.Addr().String()
	}
	return at
}

// close closes the listeners that are not served. A served listener is closed already; closing it again is no error.
func (l *listeners) close() error {
	var errs []error
	for _, listener := range []net.Listener{l.grpc, l.http, l.pprof, l.lmtp} {
		if listener == nil {
			continue
		}
		if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
