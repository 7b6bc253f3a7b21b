package rest

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// FuzzHost holds the guard to its rule for any Host header: only names that were given, loopback names and IP addresses pass,
// and an error never repeats what may be an e-mail address.
func FuzzHost(f *testing.F) {
	for _, seed := range []string{"localhost", "localhost:80", "[::1]:80", "[::1", "::1", "a@b.example", "assent.example.:443", "", "x:y:z", "K.localhost"} {
		f.Add(seed)
	}
	guard := NewBrowserGuard("127.0.0.1:8080", []string{"assent.example"}, nil)
	f.Fuzz(func(t *testing.T, header string) {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/catalog", nil)
		request.Host = header
		host := hostName(header)
		if guard.allowsHost(request) {
			_, err := netip.ParseAddr(host)
			if err != nil && host != "" && host != "localhost" && !strings.HasSuffix(host, ".localhost") && host != "assent.example" {
				t.Errorf("%q is answered", header)
			}
		}
		if text := hostProblem(header); strings.Contains(text, "@") {
			t.Errorf("%q is repeated: %s", header, text)
		}
	})
}
