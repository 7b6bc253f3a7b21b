// Package hooks is the address that providers of mail send their webhooks to, without a key of the API: each request is proved by what the
// provider signs or shows. The answer never says why a request was refused.
package hooks

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/intake/provider/verify"
	"github.com/assent-io/assent/internal/service/sources"
)

const (
	// maxAtOnce is how many requests are taken in at the same time: each may hold a body of 5 MiB.
	maxAtOnce = 64
	// timeout is how long a request is worked on at most; providers wait 15 to 30 seconds.
	timeout = 25 * time.Second
	// retryAfter is when a provider that heeds it may come again after a fault, in seconds.
	retryAfter = "60"
)

// Sources takes in what providers tell.
type Sources interface {
	OpenSource(ctx context.Context, path string) (*sources.Opened, error)
	Receive(ctx context.Context, o *sources.Opened, request *verify.Request) error
	TooLarge(o *sources.Opened)
}

type door struct {
	sources Sources
	log     *slog.Logger
	room    chan struct{} // holds something for each request that is taken in
}

// New returns the handler of the paths /hooks/SOURCE.
func New(use Sources, log *slog.Logger) http.Handler {
	d := &door{sources: use, log: log, room: make(chan struct{}, maxAtOnce)}
	mux := http.NewServeMux()
	mux.HandleFunc("/hooks/{source}", d.serve)
	mux.HandleFunc("/hooks/{source}/{$}", d.serve) // Some are entered with a slash at the end.
	return mux
}

func (d *door) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	select {
	case d.room <- struct{}{}:
		defer func() { <-d.room }()
	default:
		busy(w)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	source, err := d.sources.OpenSource(ctx, r.PathValue("source"))
	switch {
	case fault.Is(err, fault.SourceMissing):
		w.WriteHeader(http.StatusNotFound)
		return
	case err != nil:
		d.failed(ctx, w, err)
		return
	}
	body, ok := d.body(w, r, source)
	if !ok {
		return
	}
	err = d.sources.Receive(ctx, source, &verify.Request{Method: r.Method, Header: r.Header, Body: body})
	var refused *provider.Refusal
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case errors.As(err, &refused):
		if refused.Challenge != "" {
			w.Header().Set("WWW-Authenticate", refused.Challenge)
		}
		if refused.Status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodPost)
		}
		w.WriteHeader(refused.Status)
	default:
		d.failed(ctx, w, err)
	}
}

// body reads the body of a POST. A request that is refused is answered.
func (d *door) body(w http.ResponseWriter, r *http.Request, source *sources.Opened) (body []byte, ok bool) {
	if r.Method != http.MethodPost {
		return nil, true
	}
	var tooLarge *http.MaxBytesError
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, source.MaxBody()))
	switch {
	case errors.As(err, &tooLarge):
		d.sources.TooLarge(source)
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return nil, false
	case err != nil: // It was cut off.
		w.WriteHeader(http.StatusBadRequest)
		return nil, false
	}
	return body, true
}

// failed answers a request that met a fault of this side: nothing is acknowledged, and the provider tries again.
func (d *door) failed(ctx context.Context, w http.ResponseWriter, err error) {
	text := err.Error()
	if cause := errors.Unwrap(err); cause != nil {
		text += ": " + cause.Error()
	}
	d.log.LogAttrs(ctx, slog.LevelError, "a webhook of a provider could not be taken in", slog.String("error", text))
	busy(w)
}

func busy(w http.ResponseWriter) {
	w.Header().Set("Retry-After", retryAfter)
	w.WriteHeader(http.StatusServiceUnavailable)
}
