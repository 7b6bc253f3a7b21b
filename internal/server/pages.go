package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/assent-io/assent/api/openapi"
	"github.com/assent-io/assent/internal/rpc"
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

// pages returns all that is reached by HTTP. Health and the descriptions of the API need no key.
func pages(ready *readiness, admit admission, gateway, metrics http.Handler) (http.Handler, error) {
	descriptors, err := Descriptors()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	handle := func(path string, serve http.HandlerFunc) {
		mux.HandleFunc("GET "+path, serve)
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { admit.answer.refuseMethod(w, "GET, HEAD") })
	}
	handle(livePath, live)
	handle(readyPath, ready.serve)
	handle("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openapi.Document) // A caller that went away misses its answer.
	})
	handle("/assent.fds", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(descriptors) // A caller that went away misses its answer.
	})
	handle("/metrics", func(w http.ResponseWriter, r *http.Request) {
		if admit.letObserve(w, r) {
			metrics.ServeHTTP(w, r)
		}
	})
	mux.Handle("/", gateway)
	return mux, nil
}

// admission lets in any client, whatever its scopes.
type admission struct {
	api    *rpc.API
	answer *answerer
	flow   flow
}

// let reports whether the request comes from a client; if not, it is answered.
func (a admission) let(w http.ResponseWriter, r *http.Request) bool {
	return a.letBy(a.api.Admit, w, r)
}

// letObserve reports whether the request comes from a client that may see the figures of the server; if not, it is answered.
func (a admission) letObserve(w http.ResponseWriter, r *http.Request) bool {
	return a.letBy(a.api.AdmitObserver, w, r)
}

func (a admission) letBy(
	admit func(ctx context.Context, authorization, requestID []string) *rpc.Refusal, w http.ResponseWriter, r *http.Request,
) bool {
	refusal := admit(r.Context(), r.Header.Values("Authorization"), r.Header.Values("X-Request-Id"))
	if refusal == nil {
		return true
	}
	w.Header().Set("X-Request-Id", refusal.RequestID)
	a.answer.write(w, httpStatus(refusal.Status), refusal.Status)
	return false
}
