package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// arrived is a message that came to a receiver.
type arrived struct {
	header http.Header
	body   string
}

// receive starts a receiver on loopback, which hands on what comes.
func receive(t *testing.T) (url string, came <-chan arrived) {
	t.Helper()
	messages := make(chan arrived, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		messages <- arrived{r.Header, string(body)}
	}))
	t.Cleanup(server.Close)
	return server.URL, messages
}

// next returns the next message whose body contains a text; others before it are passed over.
func next(t *testing.T, came <-chan arrived, text string) arrived {
	t.Helper()
	for {
		select {
		case m := <-came:
			if strings.Contains(m.body, text) {
				return m
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no message with %q came", text)
		}
	}
}

// metricsOf returns the page that Prometheus reads.
func metricsOf(t *testing.T, r *running) string {
	t.Helper()
	_, text := send(t, r, http.MethodGet, "/metrics", nil)
	return text
}

func TestWebhooks_CommandsOfThePageWork_AndARecordArrivesSigned(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	url, came := receive(t)
	env := append(os.Environ(), "PATH="+filepath.Dir(program(t))+":"+os.Getenv("PATH"), "ASSENT_SERVER="+r.GRPC, "ASSENT_API_KEY="+r.key,
		"RECEIVER="+url)
	for _, command := range block(t, "docs/webhooks.md", "Set one up", 1) {
		runAsWritten(t, db.dir, env, command)
	}
	secret, err := os.ReadFile(filepath.Join(db.dir, "crm.secret"))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := standardwebhooks.NewWebhook(strings.TrimSpace(string(secret)))
	if err != nil {
		t.Fatal(err)
	}
	next(t, came, `"io.assent.test.v1"`)
	next(t, came, `"change":"RESET","channel":"newsletter"`)
	must(t, r, "withdraw", "anna@example.com", "--channel", "newsletter")
	m := next(t, came, `"anna@example.com"`)
	if err := verifier.Verify([]byte(m.body), m.header); err != nil || !strings.Contains(m.body, `"kind":"refusal"`) {
		t.Errorf("%v: %s", err, m.body)
	}
	for _, command := range block(t, "docs/webhooks.md", "Check the signature", 1) {
		runAsWritten(t, db.dir, env, command)
	}
	for _, command := range block(t, "docs/webhooks.md", "Dead letters", 1) {
		runAsWritten(t, db.dir, env, command)
	}
	var page struct {
		Deliveries []struct{ State, Outcome, Kind string }
	}
	if err := json.Unmarshal([]byte(must(t, r, "webhooks", "deliveries", "crm", "--format", "json")), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Deliveries) != 2 || page.Deliveries[0].State != "DELIVERED" || page.Deliveries[1].Kind != "reset" {
		t.Errorf("deliveries: %+v", page)
	}
	metrics := metricsOf(t, r)
	for _, want := range []string{`assent_webhook_attempts_total{outcome="DELIVERED",webhook="crm"} 2`, `assent_webhook_dead{webhook="crm"} 0`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	must(t, r, "webhooks", "delete", "crm", "--yes")
	if strings.Contains(r.log.String(), "/hooks/assent") || strings.Contains(r.log.String(), "whsec_") {
		t.Error("the log has a URL or a secret")
	}
}
