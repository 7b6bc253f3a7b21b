package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/assent-io/assent/internal/rpc"
)

// readyTimeout is how long the database may take to answer before the server counts as not ready.
const readyTimeout = 2 * time.Second

// readiness says whether the server can answer. It goes both ways: a database that comes back makes it ready again.
type readiness struct {
	check    func(context.Context) error
	health   *health.Server
	services []string // as gRPC health knows them, besides the server as a whole
	log      *slog.Logger
	ready    atomic.Bool
	stopped  atomic.Bool
}

// update checks once, and returns why the server is not ready. Only a change is logged, with what led to it.
func (r *readiness) update(ctx context.Context) error {
	timed, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	err := r.check(timed)
	if ctx.Err() != nil || r.stopped.Load() {
		return nil
	}
	status := grpc_health_v1.HealthCheckResponse_SERVING
	if err != nil {
		status = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	for _, name := range append([]string{""}, r.services...) {
		r.health.SetServingStatus(name, status)
	}
	switch was := r.ready.Swap(err == nil); {
	case err != nil && was:
		r.log.LogAttrs(ctx, slog.LevelError, "not ready", slog.String("error", rpc.CauseText(err)))
	case err == nil && !was:
		r.log.LogAttrs(ctx, slog.LevelInfo, "ready")
	}
	return err
}

// stop makes the server not ready for good.
func (r *readiness) stop() {
	r.stopped.Store(true)
	r.ready.Store(false)
	r.health.Shutdown()
}

// live answers that the process lives.
func live(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") }

// serve answers whether the server is ready.
func (r *readiness) serve(w http.ResponseWriter, _ *http.Request) {
	if r.ready.Load() {
		writeText(w, http.StatusOK, "ready\n")
		return
	}
	writeText(w, http.StatusServiceUnavailable, "not ready\n")
}

func writeText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text) // A caller that went away misses its answer.
}
