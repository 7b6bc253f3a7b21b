package rest

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/web/recipient"
)

// The reasons of errors that BrowserGuard gives.
const (
	reasonHost      = "HOST_NOT_ALLOWED"
	reasonCrossSite = "CROSS_SITE_REQUEST"
)

// BrowserGuard protects the HTTP server against web pages in a browser that can reach it. It refuses two kinds of requests:
//
//   - Requests for a host name that the server was not given. A page uses DNS rebinding to call a server as if it were the
//     page's own site; the Host header then holds the name of the page's site. Rebinding needs a name, so that an IP address
//     as host is always accepted.
//   - Requests that a page of another site or another port makes, which the headers Sec-Fetch-Site and Origin tell.
//
// Programs other than browsers send neither header and are not concerned by the second rule. Neither rule is for the links in messages: a no by
// one that was sent years ago is taken under whatever name the server was known then.
type BrowserGuard struct {
	hosts     map[string]bool // lower case, without port and final dot
	crossSite *http.CrossOriginProtection
	json      jsonFormat
	log       *slog.Logger
}

// NewBrowserGuard returns the guard of a server that listens on the address (host:port) and has been given further host names.
func NewBrowserGuard(address string, allowed []string, log *slog.Logger) *BrowserGuard {
	g := &BrowserGuard{
		hosts: map[string]bool{"localhost": true}, crossSite: http.NewCrossOriginProtection(), json: newJSONFormat(), log: log,
	}
	for _, host := range append([]string{address}, allowed...) {
		g.hosts[hostName(host)] = true
	}
	return g
}

// unguardedRoutes are the routes that have no guard, whatever the method: those of the links in messages, whose token is their only credential. A
// route listed here must be safe without the rules: it identifies the caller by the request alone.
func unguardedRoutes() []string { return recipient.Paths() }

// Protect returns the handler behind the guard.
func (g *BrowserGuard) Protect(next http.Handler) http.Handler {
	exempt := http.NewServeMux()
	for _, route := range unguardedRoutes() {
		exempt.Handle(route, next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, route := exempt.Handler(r); route != "" {
			next.ServeHTTP(w, r)
			return
		}
		if !g.allowsHost(r) {
			g.refuse(w, r, http.StatusMisdirectedRequest, reasonHost, hostProblem(r.Host))
			return
		}
		if !g.allowsSite(r) {
			g.refuse(w, r, http.StatusForbidden, reasonCrossSite,
				"a page of another site or port may not call this server from a browser (Sec-Fetch-Site, Origin); "+
					"call it from a program, or from a page of the same host and port")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (g *BrowserGuard) refuse(w http.ResponseWriter, r *http.Request, code int, reason, text string) {
	g.log.LogAttrs(r.Context(), slog.LevelInfo, "refused a request", slog.String("reason", reason))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	g.json.writeStatus(w, code, rpc.NewStatus(codes.PermissionDenied, reason, text))
}

// allowsHost reports whether the server answers for the host of the request. The probes of load balancers are answered for any
// host: they tell nothing but the state of the server. Browsers always send a host, so a request without one is accepted.
func (g *BrowserGuard) allowsHost(r *http.Request) bool {
	if r.Host == "" || r.URL.Path == livePath || r.URL.Path == readyPath {
		return true
	}
	host := hostName(r.Host)
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return g.hosts[host] || strings.HasSuffix(host, ".localhost")
}

// allowsSite reports whether the request is none that a page of another origin made. CrossOriginProtection lets the methods
// pass that should change nothing, such as GET; here they are held to the same rule, for an open demo answers them with data.
func (g *BrowserGuard) allowsSite(r *http.Request) bool {
	asPost := *r
	asPost.Method = http.MethodPost
	return g.crossSite.Check(&asPost) == nil
}

// hostName returns the host of a Host header, or of a host:port, in lower case, without its port and final dot.
func hostName(header string) string {
	host := header
	if name, _, err := net.SplitHostPort(header); err == nil {
		host = name
	} else if inner, ok := strings.CutPrefix(header, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// hostProblem is the text of a refusal. It repeats the host only where it is a plain name, which is never an e-mail address.
func hostProblem(header string) string {
	named := ""
	if host := hostName(header); isPlainName(host) {
		named = " " + host
	}
	return "this server does not accept the host name" + named + ": name the host in --allowed-hosts (ASSENT_ALLOWED_HOSTS) of the " +
		"server, or use localhost or an IP address"
}

// isPlainName reports whether the host consists of letters, digits, hyphens, underscores and dots, and is no longer than a DNS name.
func isPlainName(host string) bool {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
	}
	return host != "" && len(host) <= 253 && strings.IndexFunc(host, func(c rune) bool { return !plain(c) }) < 0
}
