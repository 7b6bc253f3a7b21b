package recipient

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/web/translation"
)

// Links is what the pages stand on. It is the Links of package service/recipient, where the errors are described.
type Links interface {
	OneClick(ctx context.Context, token string, by recipient.By) (recipient.Outcome, error)
	View(ctx context.Context, token string) (*recipient.View, error)
	Do(ctx context.Context, token string, act recipient.Act) (*recipient.View, bool, error)
	Asking(ctx context.Context, token string) (*recipient.Asking, error)
	Confirm(ctx context.Context, token string, by recipient.By) (known bool, err error)
	NotMe(ctx context.Context, token string, by recipient.By) (known bool, err error)
}

// Options are what the pages need.
type Options struct {
	// Links carries out what persons do. Required.
	Links Links
	// Texts are the texts of the pages, in all languages that they have; nil: those of the program.
	Texts *translation.Set
	// Now is the clock of the limits. Required.
	Now func() time.Time
	// Logger logs the faults of ours. Required.
	Logger *slog.Logger
	// Counted is told of each click and each act: the action, such as one_click or pause, and what it came to. It may be nil.
	Counted func(action, outcome string)
}

// Handler answers below /u/ and /c/. It is safe for concurrent use.
type Handler struct {
	opts     Options
	mux      *http.ServeMux
	pages    map[*translation.Texts]*pages
	clicks   singleflight.Group // by token without damage: clicks that arrive while one is carried out get its answer
	tokens   *limiter
	networks *limiter
}

// The limits of the pages. A person who reads and clicks stays far below. What says no has none: it must always be taken.
const (
	perToken, tokenBurst     = 2, 40    // a second
	perNetwork, networkBurst = 20, 200  // a second
	maxLimited               = 20_000   // tokens or networks that are remembered
	maxBody                  = 64 << 10 // bytes
	actTimeout               = 20 * time.Second
)

// Paths returns the patterns of the routes that the handler answers.
func Paths() []string { return []string{"/u/{token}", "/c/{token}"} }

// New returns the handler.
func New(opts Options) (*Handler, error) {
	if opts.Counted == nil {
		opts.Counted = func(string, string) {}
	}
	if opts.Texts == nil {
		opts.Texts = translation.BuiltIn()
	}
	h := &Handler{
		opts: opts, mux: http.NewServeMux(), pages: map[*translation.Texts]*pages{},
		tokens: newLimiter(opts.Now, perToken, tokenBurst, maxLimited), networks: newLimiter(opts.Now, perNetwork, networkBurst, maxLimited),
	}
	for _, texts := range opts.Texts.All() {
		p, err := newPages(texts, opts.Texts.All())
		if err != nil {
			return nil, err
		}
		h.pages[texts] = p
	}
	h.mux.HandleFunc("GET /u/{token}", h.servePage)
	h.mux.HandleFunc("POST /u/{token}", h.servePost)
	h.mux.HandleFunc("GET /c/{token}", h.serveConfirmation)
	h.mux.HandleFunc("POST /c/{token}", h.serveConfirm)
	for _, path := range Paths() {
		h.mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", "GET, HEAD, POST")
			http.Error(w, "this page is read by GET, and acts are sent by POST", http.StatusMethodNotAllowed)
		})
	}
	return h, nil
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	header.Set("X-Content-Type-Options", "nosniff")
	h.mux.ServeHTTP(w, r)
}

// logFault logs a fault of ours. The token of the link is not in it, for it is a credential.
func (h *Handler) logFault(r *http.Request, err error) {
	h.opts.Logger.LogAttrs(r.Context(), slog.LevelError, "a link could not be answered", slog.String("error", err.Error()))
}
