package server_test

import (
	"net/http"
	"strings"
	"testing"
)

// getFor makes a REST call for a host, which may differ from the address that is called.
func (r *running) getFor(host, path string) *answer {
	r.t.Helper()
	client := *r.http
	client.Transport = asHost{host, r.http.Transport}
	other := *r
	other.http = &client
	return other.call(http.MethodGet, path, "")
}

// asHost sends all requests with a Host header of its own.
type asHost struct {
	host string
	next http.RoundTripper
}

func (h asHost) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Host = h.host
	return h.next.RoundTrip(request)
}

func TestBrowser_HostThatWasNotGiven_IsRefused(t *testing.T) {
	cfg := settings(t)
	cfg.Open, cfg.AllowedHosts = true, []string{"assent.example"}
	r := run(t, cfg)
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:8080": 200, "localhost.": 200, "shop.localhost:1": 200, "127.0.0.1": 200, "[::1]:8080": 200, "[::1]": 200,
		"10.1.2.3:8080": 200, "assent.example": 200, "Assent.Example.:443": 200,
		"attacker.example": 421, "assent.example.attacker.example": 421, "a.assent.example": 421, "notlocalhost": 421,
		"127.0.0.1.attacker.example": 421, "localhost.attacker.example:8080": 421, "0x7f.1": 421,
	} {
		got := r.getFor(host, "/v1/catalog")
		if got.code != want || (want != 200 && (got.reason() != "HOST_NOT_ALLOWED" || !strings.Contains(got.body, "ASSENT_ALLOWED_HOSTS"))) {
			t.Errorf("%s: got %d, want %d: %.200s", host, got.code, want, got.body)
		}
	}
	if got := r.getFor("attacker.example", "/v1/catalog"); !strings.Contains(got.body, "host name attacker.example:") {
		t.Errorf("the host is not named: %s", got.body)
	}
}

func TestBrowser_ProbesOfLoadBalancers_AreAnsweredForAnyHost(t *testing.T) {
	r := run(t, settings(t))
	for _, path := range []string{"/healthz", "/readyz"} {
		for _, host := range []string{"10.1.2.3", "10.1.2.3:8080", "[fd00::1]:8080", "backend", "health.internal:8080"} {
			if got := r.getFor(host, path); got.code != http.StatusOK {
				t.Errorf("%s for %s: %d %s", path, host, got.code, got.body)
			}
		}
	}
}

func TestBrowser_PageOfAnotherSite_IsRefused(t *testing.T) {
	cfg := settings(t)
	cfg.Open, cfg.PprofAddress = true, "127.0.0.1:0"
	r := run(t, cfg)
	for name, c := range map[string]struct {
		headers []string
		refused bool
	}{
		"a program":              {nil, false},
		"typed into the browser": {[]string{"Sec-Fetch-Site", "none"}, false},
		"own page":               {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + r.at.HTTP}, false},
		"own page, old browser":  {[]string{"Origin", "http://" + r.at.HTTP}, false},
		"another site":           {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://attacker.example"}, true},
		"another site's image":   {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "image"}, true},
		"another port":           {[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"}, true},
		"another site, no fetch": {[]string{"Origin", "https://attacker.example"}, true},
		"a sandboxed frame":      {[]string{"Origin", "null"}, true},
		"a made-up value":        {[]string{"Sec-Fetch-Site", "x"}, true},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodOptions, http.MethodDelete} {
			for _, path := range []string{"/v1/catalog", "/v1/consent:withdraw", "/openapi.json", "/metrics", "/nothing"} {
				got := r.call(method, path, "", c.headers...)
				if refused := got.code == http.StatusForbidden && got.reason() == "CROSS_SITE_REQUEST"; refused != c.refused {
					t.Errorf("%s: %s %s: %d %s", name, method, path, got.code, got.body)
				}
				if got.header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s: %s %s: the answer may be read by other sites", name, method, path)
				}
			}
		}
	}
	profiles := *r
	profiles.at.HTTP = r.at.Pprof
	if got := profiles.getFor("attacker.example", "/debug/pprof/"); got.code != http.StatusMisdirectedRequest {
		t.Errorf("profiles for another host: %d", got.code)
	}
	if got := profiles.call(http.MethodGet, "/debug/pprof/", "", "Sec-Fetch-Site", "cross-site"); got.code != http.StatusForbidden {
		t.Errorf("profiles for another site: %d", got.code)
	}
}
