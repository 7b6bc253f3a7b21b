package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/assent-io/assent/internal/server/connlimit"
	"github.com/assent-io/assent/internal/telemetry"
)

// The limits of an HTTP connection.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second  // of the headers, and then of each part of a body
	writeTimeout  = 150 * time.Second // of each part of an answer
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
)

// newLimitedServer returns the server of everything that is reached by HTTP, on a listener that bounds its connections.
func newLimitedServer(handler http.Handler, log *slog.Logger) *http.Server {
	s := newHTTPServer(handler, log)
	s.ConnContext, s.ConnState = connlimit.OfHTTP, connlimit.State
	return s
}

// newHTTPServer returns a server with the usual limits.
func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: telemetry.NewHTTPErrorLog(log),
	}
}
