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
)

func TestDatabaseGoesAway_EverythingIsUnavailable_AndRecoversByItself(t *testing.T) {
	postgres := testkit.NewPostgresServer(t)
	db := newDatabase(t, "sqlite")
	db.url = postgres.URL()
	if _, err := seal.Create(db.keys); err != nil {
		t.Fatal(err)
	}
	s := db.serve(nil)
	c := assentv1.NewConsentServiceClient(dial(t, s.GRPC, s.key))
	check := func() error {
		_, err := c.CheckConsent(t.Context(), &assentv1.CheckConsentRequest{Address: "anna@example.at", Channel: "newsletter"})
		return err
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
	postgres.Stop()
	for what, err := range map[string]error{"check": check(), "withdraw": withdraw("bert@example.at")} {
		if status.Code(err) != codes.Unavailable {
			t.Errorf("%s while the database is away: %v, want UNAVAILABLE", what, err)
		}
	}
	testkit.Eventually(t, 10*time.Second, "it says that it is not ready", func() bool { return ready() == http.StatusServiceUnavailable })
	postgres.Start()
	testkit.Eventually(t, 20*time.Second, "it is ready again", func() bool { return ready() == http.StatusOK })
	if err := check(); err != nil {
		t.Errorf("check after the database came back: %v", err)
	}
	got, err := c.CheckConsent(t.Context(), &assentv1.CheckConsentRequest{Address: "anna@example.at", Channel: "newsletter"})
	if err != nil || got.GetDecision().GetReason() != "WITHDRAWN" {
		t.Errorf("what was acknowledged before: %v, %v", got.GetDecision().GetReason(), err)
	}
	if err := withdraw("bert@example.at"); err != nil {
		t.Errorf("withdraw after the database came back: %v", err)
	}
}
