package rest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
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

func TestRouteTable_OfTwoPathsThatFit_TheLongerCounts(t *testing.T) {
	table := newRouteTable()
	for range 50 { // The order of a map is another each time.
		for path, want := range map[string]string{
			"/v1/consumers/crm:revoke": assentv1.ConsumerService_RevokeConsumer_FullMethodName,
			"/v1/webhooks/crm:update":  assentv1.WebhookService_UpdateWebhook_FullMethodName,
		} {
			call, known := table.of(http.MethodPost, path)
			if !known || call.name != want {
				t.Fatalf("POST %s is %q, %v; want %s", path, call.name, known, want)
			}
			if _, value := table.find(path); value != "crm" {
				t.Fatalf("the field in %s is %q", path, value)
			}
		}
	}
}
