package server

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/assent-io/assent/api/openapi"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/rpc"
)

// The limits of an HTTP connection.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 150 * time.Second // longer than any call may take
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
)

// newHTTPServer returns the server of everything that is reached by HTTP.
func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// pages returns all that is reached by HTTP. Health and the document of the API need no key.
func pages(ready *readiness, api *rpc.API, answer *answerer, gateway, metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", live)
	mux.HandleFunc("GET /readyz", ready.serve)
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openapi.Document) // A caller that went away misses its answer.
	})
	mux.Handle("GET /metrics", withKey(api, answer, metrics))
	mux.Handle("/", gateway)
	return mux
}

// withKey lets any client see the page, whatever its scopes.
func withKey(api *rpc.API, answer *answerer, page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := api.Authenticate(r.Context(), r.Header.Values("Authorization"))
		if err == nil {
			page.ServeHTTP(w, r)
			return
		}
		var fault *consent.Error
		if !errors.As(err, &fault) {
			fault = consent.Faultf(consent.FaultUnavailable, "", "the clients could not be read; try again")
		}
		answer.refuse(w, r, fault)
	})
}
