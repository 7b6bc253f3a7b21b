// Package hooks is the address that providers of mail send their webhooks to, without a key of the API: each request is proved by what the
// provider signs or shows. The answer never says why a request was refused.
package hooks

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/intake/provider/verify"
	"github.com/assent-io/assent/internal/service/sources"
)

const (
	// maxAtOnce is how many requests are worked on at the same time; the others wait for their turn.
	maxAtOnce = 64
	// maxHeld is how many bytes of bodies are in memory at the same time, on their way or waiting.
	maxHeld = 64 * 5 << 20
	// timeout is how long a request waits and is worked on at most; providers wait 15 to 30 seconds.
	timeout = 25 * time.Second
	// retryAfter is when a provider that heeds it may come again after a fault, in seconds.
	retryAfter = "60"
)

// errBusy is that so much came at once that a request is to come again.
var errBusy = errors.New("too much at once")

// Sources takes in what providers tell.
type Sources interface {
	OpenSource(ctx context.Context, path string) (*sources.Opened, error)
	Receive(ctx context.Context, o *sources.Opened, request *verify.Request) error
	TooLarge(o *sources.Opened)
	Busy(o *sources.Opened)
}

// A door lets a body come as slowly as it likes without a place among those that are worked on: any client can send slowly to a source whose
// path it knows. What bodies may take is memory alone.
type door struct {
	sources Sources
	log     *slog.Logger
	turns   chan struct{} // holds something for each request that is worked on
	held    atomic.Int64  // bytes of bodies
	most    int64         // of them
}

// New returns the handler of the paths /hooks/SOURCE.
func New(use Sources, log *slog.Logger) http.Handler { return newDoor(use, log, maxHeld) }

func newDoor(use Sources, log *slog.Logger, most int64) http.Handler {
	d := &door{sources: use, log: log, turns: make(chan struct{}, maxAtOnce), most: most}
	mux := http.NewServeMux()
	mux.HandleFunc("/hooks/{source}", d.serve)
	mux.HandleFunc("/hooks/{source}/{$}", d.serve) // Some are entered with a slash at the end.
	return mux
}

func (d *door) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	var source *sources.Opened
	err := d.inTurn(ctx, func() (err error) {
		source, err = d.sources.OpenSource(ctx, r.PathValue("source"))
		return err
	})
	if err != nil {
		d.refuse(ctx, w, nil, err)
		return
	}
	body := &heldBody{from: http.MaxBytesReader(w, r.Body, source.MaxBody()), door: d}
	defer body.release()
	request := &verify.Request{Method: r.Method, Header: r.Header}
	if r.Method == http.MethodPost {
		if request.Body, err = io.ReadAll(body); err != nil {
			d.refuseBody(ctx, w, source, err)
			return
		}
	}
	if err = d.inTurn(ctx, func() error { return d.sources.Receive(ctx, source, request) }); err != nil {
		d.refuse(ctx, w, source, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// inTurn does some work once fewer than so many requests are worked on. It waits as long as the request lasts, since a burst is soon over, and
// some providers come again only a few times.
func (d *door) inTurn(ctx context.Context, work func() error) error {
	select {
	case d.turns <- struct{}{}:
	case <-ctx.Done():
		return errBusy
	}
	defer func() { <-d.turns }()
	return work()
}

// heldBody counts the bytes of a body as they come.
type heldBody struct {
	from  io.Reader
	door  *door
	bytes int64
}

// Read reads a part, unless all bodies together have become too large.
func (b *heldBody) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.bytes += int64(n)
	if b.door.held.Add(int64(n)) > b.door.most {
		return n, errBusy
	}
	return n, err
}

func (b *heldBody) release() { b.door.held.Add(-b.bytes) }

// refuseBody answers a request whose body was not read to its end.
func (d *door) refuseBody(ctx context.Context, w http.ResponseWriter, source *sources.Opened, err error) {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		d.sources.TooLarge(source)
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case errors.Is(err, errBusy):
		d.refuse(ctx, w, source, err)
	default: // It was cut off.
		w.WriteHeader(http.StatusBadRequest)
	}
}

// refuse answers a request that was not taken in. The source is nil while it is not known.
func (d *door) refuse(ctx context.Context, w http.ResponseWriter, source *sources.Opened, err error) {
	var refused *provider.Refusal
	switch {
	case fault.Is(err, fault.SourceMissing):
		w.WriteHeader(http.StatusNotFound)
	case errors.Is(err, errBusy):
		d.sources.Busy(source)
		comeAgain(w)
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

// failed answers a request that met a fault of this side: nothing is acknowledged, and the provider tries again.
func (d *door) failed(ctx context.Context, w http.ResponseWriter, err error) {
	text := err.Error()
	if cause := errors.Unwrap(err); cause != nil {
		text += ": " + cause.Error()
	}
	d.log.LogAttrs(ctx, slog.LevelError, "a webhook of a provider could not be taken in", slog.String("error", text))
	comeAgain(w)
}

func comeAgain(w http.ResponseWriter) {
	w.Header().Set("Retry-After", retryAfter)
	w.WriteHeader(http.StatusServiceUnavailable)
}
