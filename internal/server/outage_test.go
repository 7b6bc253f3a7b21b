package server_test

import (
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

func TestOutage_DatabaseGoesAndComesBack_ServerGoesWithIt(t *testing.T) {
	t.Parallel()
	const secret = "open-sesame"
	database := testdb.NewPostgresServer(t)
	cfg := settings(t)
	cfg.DatabaseURL, cfg.Migrate = config.NewSecret(database.URL()+"&password="+secret), true
	if _, err := seal.Create(cfg.Keys); err != nil {
		t.Fatal(err)
	}
	created, err := server.CreateClient(t.Context(), cfg, slog.New(slog.DiscardHandler), &assentv1.CreateClientRequest{
		Id: "ops", AllDepartments: true, Role: "admin",
	})
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, cfg)
	r.admin = created.GetApiKey()
	check := func(channel, also string) *answer {
		return r.as(http.MethodPost, "/v1/consent:check", `{"address": "anna@example.com", "channel": "`+channel+`"`+also+`}`)
	}
	const order, allowed, denied = `, "reference": "order-123"`, `"VERDICT_ALLOW"`, `"VERDICT_DENY"`
	withdraw := func() *answer {
		return r.as(http.MethodPost, "/v1/consent:withdraw", `{"address": "anna@example.com", "channels": ["newsletter"]}`)
	}
	if got := check("newsletter", ""); got.code != http.StatusOK || !strings.Contains(got.body, denied) {
		t.Fatalf("%d %s", got.code, got.body)
	}
	if got := check("order-updates", order); got.code != http.StatusOK || !strings.Contains(got.body, allowed) {
		t.Fatalf("%d %s", got.code, got.body)
	}
	database.Stop()
	for name, got := range map[string]*answer{"check": check("order-updates", order), "withdraw": withdraw()} {
		if got.code != http.StatusServiceUnavailable || got.reason() != "STORE_UNAVAILABLE" {
			t.Errorf("%s without a database: %d %s", name, got.code, got.body)
		}
	}
	got := check("newsletter", `, "consistency": {"atLeast": {"position": "1"}}`)
	if got.code != http.StatusOK || !strings.Contains(got.body, denied) {
		t.Errorf("a denial without a database: %d %s", got.code, got.body)
	}
	got = check("order-updates", order+`, "consistency": {"bounded": "300s"}`)
	if got.code != http.StatusOK || !strings.Contains(got.body, allowed) || !strings.Contains(strings.ReplaceAll(got.body, " ", ""), `"forSending":false`) {
		t.Errorf("what was known lately, without a database: %d %s", got.code, got.body)
	}
	testkit.Eventually(t, patience, "the server says that it is not ready", func() bool {
		return r.call(http.MethodGet, "/readyz", "").code == http.StatusServiceUnavailable
	})
	if got := r.call(http.MethodGet, "/healthz", ""); got.code != http.StatusOK {
		t.Errorf("the process does not say that it lives: %d", got.code)
	}
	testkit.Eventually(t, patience, "the log says why", func() bool {
		return regexp.MustCompile(`msg="not ready" error="[^"]*the database is not available: [^"]+"`).MatchString(r.log.String())
	})
	log := r.log.String()
	if !regexp.MustCompile(`msg="calls fail" reason=STORE_UNAVAILABLE error="[^"]*the database is not available: [^"]+"`).MatchString(log) {
		t.Errorf("the log does not say why calls fail:\n%s", log)
	}
	if strings.Contains(log, secret) || strings.Contains(log, "anna") {
		t.Errorf("the log holds the password or an address:\n%s", log)
	}
	database.Start()
	testkit.Eventually(t, patience, "the server is ready again", func() bool {
		return r.call(http.MethodGet, "/readyz", "").code == http.StatusOK
	})
	if got := withdraw(); got.code != http.StatusOK {
		t.Errorf("afterwards: %d %s", got.code, got.body)
	}
}
