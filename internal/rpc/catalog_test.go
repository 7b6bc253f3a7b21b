package rpc_test

import (
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/service/administration"
)

func TestApplyCatalog_EveryRefusal_NamesPartAndLine(t *testing.T) {
	w := newWorld(t)
	example, err := examples.Files.ReadFile("catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	desk := w.client(administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"catalog"}})
	_, err = assentv1.NewConsentServiceClient(w.conn).GrantConsent(w.as(), &assentv1.GrantConsentRequest{
		Address: "anna@example.com", Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"}, Evidence: &assentv1.Evidence{Source: "web_form"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for reason, c := range map[string]struct{ key, old, with, path string }{
		"VERSION_IN_USE":   {w.admin, "den wöchentlichen Newsletter der", "den Newsletter der", "declarations[0].versions[0].text: the text of \"newsletter-signup@2026-01\""},
		"IN_USE":           {w.admin, "class: marketing\n    legal_bases: [consent]\n", "class: legal_notice\n    legal_bases: [legal_obligation]\n", "channels[0].class: the class of the channel \"newsletter\""},
		"INVALID_CATALOG":  {w.admin, "medium: email", "medium: pigeon", "channels[0].medium: "},
		"OTHER_DEPARTMENT": {desk, "decision_ttl: PT5M", "decision_ttl: PT6M", "policy.decision_ttl: "},
	} {
		document := strings.Replace(string(example), c.old, c.with, 1)
		_, err := assentv1.NewCatalogServiceClient(w.conn).ApplyCatalog(with(t, c.key), &assentv1.ApplyCatalogRequest{Document: document})
		if err == nil || reasonOf(t, err) != reason {
			t.Errorf("got %v, want %s", err, reason)
			continue
		}
		found := false
		for _, detail := range status.Convert(err).Details() {
			if bad, ok := detail.(*errdetails.BadRequest); ok {
				for _, v := range bad.GetFieldViolations() {
					found = found || v.GetField() == "document" && v.GetReason() == reason &&
						strings.HasPrefix(v.GetDescription(), "catalog:") && strings.Contains(v.GetDescription(), c.path)
				}
			}
		}
		if !found {
			t.Errorf("%s names no %s: %v", reason, c.path, status.Convert(err).Details())
		}
	}
}
