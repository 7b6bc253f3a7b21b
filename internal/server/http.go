package server

import (
	"log/slog"
	"net/http"
	"time"

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

// newHTTPServer returns the server of everything that is reached by HTTP.
func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: telemetry.NewHTTPErrorLog(log),
	}
}
