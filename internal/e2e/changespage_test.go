package e2e

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

// The proxy that docs/change-feed.md shows; a test holds both to the same text, and reads the feed through it with a browser.

// changesPage serves a page, and to it the changes that an Assent server tells the client that has the key.
func changesPage(page http.Handler, assent *url.URL, key string) http.Handler {
	changes := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(assent)
		r.Out.Host = r.In.Host // SetURL replaced it.
		r.Out.Header.Set("Authorization", "Bearer "+key)
	}}
	mux := http.NewServeMux()
	mux.Handle("GET /v1/changes:watch", changes)
	mux.Handle("GET /{$}", page)
	return mux
}
