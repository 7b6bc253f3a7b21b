package rest

import (
	"context"
	"net/http"
	"time"

	"google.golang.org/grpc"

	"github.com/assent-io/assent/api/openapi"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/web/recipient"
	"github.com/assent-io/assent/internal/web/sendcalendar"
)

// The paths of the probes.
const (
	livePath  = "/healthz"
	readyPath = "/readyz"
)

// Options are what the HTTP handler of a server needs. All fields but Hooks are required.
type Options struct {
	// API decides which callers are let in.
	API *rpc.API
	// Conn leads to the gRPC server that answers the calls.
	Conn *grpc.ClientConn
	// Browsers keeps web pages of other sites away.
	Browsers *BrowserGuard
	// ReadTimeout and WriteTimeout are how long the transfer of a body and of an answer may stand still.
	ReadTimeout, WriteTimeout time.Duration
	// Live and Ready answer the probes of load balancers.
	Live, Ready http.HandlerFunc
	// Metrics writes the figures of the server, for callers that may see them.
	Metrics http.Handler
	// Version is that of the program.
	Version string
	// Links answers the routes of the links in messages, which are [recipient.Paths]. Its credential is the address, so it takes requests that
	// pages of other sites make: web mail opens links, and some post one click from the page.
	Links http.Handler
	// Hooks takes what is sent to the paths below /hooks/, without a key. nil: there are none.
	Hooks http.Handler
	// Calendars answers the path of the calendars of sends, without a key. nil: there are none.
	Calendars http.Handler
	// Demo says that the server lets everybody do everything: its first page has a form to try it.
	Demo bool
}

// New returns the handler of everything that callers of the API reach by HTTP: the calls below /v1, the descriptions of the API,
// the probes, the metrics and the pages for people. Probes, descriptions and pages need no key.
func New(ctx context.Context, opts Options) (http.Handler, error) {
	admit := admission{api: opts.API, answer: newAnswerer(), flow: flow{read: opts.ReadTimeout, write: opts.WriteTimeout}}
	gateway, err := newGateway(ctx, opts.Conn, admit)
	if err != nil {
		return nil, err
	}
	descriptors, err := Descriptors()
	if err != nil {
		return nil, err
	}
	pages, err := newPages(opts)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	handle := func(path string, serve http.HandlerFunc) {
		mux.HandleFunc("GET "+path, serve)
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { admit.answer.refuseMethod(w, "GET, HEAD") })
	}
	handle(livePath, opts.Live)
	handle(readyPath, opts.Ready)
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
			opts.Metrics.ServeHTTP(w, r)
		}
	})
	handle("/reference", pages.ServeReference)
	methods := "GET, HEAD"
	mux.HandleFunc("GET /{$}", pages.ServeHome)
	if opts.Demo {
		methods += ", POST"
		mux.HandleFunc("POST /{$}", pages.ServeAsk)
	}
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { admit.answer.refuseMethod(w, methods) })
	for _, path := range recipient.Paths() {
		mux.Handle(path, opts.Links)
	}
	if opts.Hooks != nil {
		mux.Handle("/hooks/", opts.Hooks)
	}
	if opts.Calendars != nil {
		mux.Handle(sendcalendar.Path, opts.Calendars)
	}
	mux.Handle("/", gateway)
	return opts.Browsers.Protect(mux), nil
}
