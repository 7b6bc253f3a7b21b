package server

import (
	"log/slog"
	"net/http"
	"net/http/pprof"

	"github.com/assent-io/assent/internal/rest"
)

// newPprofServer returns a server of profiles. It is for an address that only this machine reaches: it asks for no key.
// The command line, which may hold a password, it does not tell. Web pages are kept off as from everything else.
func newPprofServer(browsers *rest.BrowserGuard, log *slog.Logger) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	s := newHTTPServer(browsers.Protect(mux), log)
	s.WriteTimeout = 0 // A profile lasts as long as was asked for.
	return s
}
