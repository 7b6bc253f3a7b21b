package e2e

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestDatabaseGoesAway_OnlyDenyFlows_AndRecoversByItself(t *testing.T) {
	postgres := testdb.NewPostgresServer(t)
	db := newDatabase(t, "sqlite")
	db.url = postgres.URL()
	if _, err := seal.Create(db.keys); err != nil {
		t.Fatal(err)
	}
	s := db.serve(nil)
	c := assentv1.NewConsentServiceClient(dial(t, s.GRPC, s.key))
	// check returns the reason of the decision, and whether it is for sending.
	check := func(address string) (reason string, forSending bool, err error) {
		got, err := c.CheckConsent(t.Context(), &assentv1.CheckConsentRequest{Address: address, Channel: "newsletter"})
		return got.GetDecision().GetReason(), got.GetDecision().GetForSending(), err
	}
	must := func(when, address, reason string, forSending bool) {
		t.Helper()
		if got, is, err := check(address); err != nil || got != reason || is != forSending {
			t.Errorf("%s %s is answered %s, for sending %t, %v", when, address, got, is, err)
		}
	}
	withdraw := func(address string) error {
		_, err := c.WithdrawConsent(t.Context(), &assentv1.WithdrawConsentRequest{Address: address, Channels: []string{"newsletter"}})
		return err
	}
	ready := func() int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.HTTP+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	defer http.DefaultClient.CloseIdleConnections()
	if err := withdraw("anna@example.at"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.GrantConsent(t.Context(), &assentv1.GrantConsentRequest{
		Address: "cleo@example.at", Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
		Evidence:    &assentv1.Evidence{Source: "paper", DocumentRef: "card"},
	}); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, time.Minute, "it says that it is ready", func() bool { return ready() == http.StatusOK })
	must("before", "anna@example.at", "WITHDRAWN", true)
	must("before", "cleo@example.at", "ALLOW_CONSENT", true)
	postgres.Stop()
	_, _, allowed := check("cleo@example.at")
	for what, err := range map[string]error{"the check of who is allowed": allowed, "withdraw": withdraw("bert@example.at")} {
		if status.Code(err) != codes.Unavailable {
			t.Errorf("%s while the database is away: %v, want UNAVAILABLE", what, err)
		}
	}
	// What was known a moment ago is enough for a DENY; when that is longer ago it still flows, but not for sending.
	testkit.Eventually(t, time.Minute, "a DENY that is not for sending", func() bool {
		reason, forSending, err := check("anna@example.at")
		if err != nil || reason != "WITHDRAWN" {
			t.Fatalf("who is denied is answered %s, %v", reason, err)
		}
		return !forSending
	})
	testkit.Eventually(t, time.Minute, "it says that it is not ready", func() bool { return ready() == http.StatusServiceUnavailable })
	postgres.Start()
	testkit.Eventually(t, time.Minute, "it is ready again", func() bool { return ready() == http.StatusOK })
	must("afterwards", "cleo@example.at", "ALLOW_CONSENT", true)
	must("afterwards", "anna@example.at", "WITHDRAWN", true)
	if err := withdraw("bert@example.at"); err != nil {
		t.Errorf("withdraw after the database came back: %v", err)
	}
}
