package rest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzURL holds the check of URLs to two rules: it never fails otherwise than by an error, and its texts repeat no address.
func FuzzURL(f *testing.F) {
	for _, seed := range [][2]string{
		{"/v1/catalog", "version=1"},
		{"/v1/clients", "page_size=x&pageToken=%ff"},
		{"/v1/ledger/entries/a@b:prove", ""},
		{"/v1/clients", "a@b.example=1;x"},
		{"/v1/clients/:revoke", ""},
		{"", "%"},
	} {
		f.Add(seed[0], seed[1])
	}
	table := newRouteTable()
	f.Fuzz(func(t *testing.T, path, query string) {
		for _, method := range []string{http.MethodGet, http.MethodPost, "X"} {
			if refused := table.checkURL(method, &url.URL{Path: path, RawQuery: query}); refused != nil {
				for _, v := range append(refused.Violations, struct{ Field, Message string }{refused.Field, refused.Message}) {
					if strings.Contains(v.Field+v.Message, "@") {
						t.Errorf("%q %q is repeated: %v", path, query, v)
					}
				}
			}
		}
		_ = table.allow(path)
	})
}
