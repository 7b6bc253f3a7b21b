package server_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// returned is a bounce without a token.
const returned = "From: MAILER-DAEMON@mx.example\r\nDate: Sun, 01 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@mx.example>\r\n" +
	"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; anna@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"

func deliver(t *testing.T, at, text string) error {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	client := smtp.NewClientLMTP(conn)
	t.Cleanup(func() { _ = client.Close() }) // The connection stays open, as that of a mail server does.
	if err := errors.Join(client.Mail("", nil), client.Rcpt("bounces@acme.example", nil)); err != nil {
		t.Fatal(err)
	}
	w, err := client.Data()
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(w, text)
	return errors.Join(err, w.Close())
}

func TestLMTP_MailThatComesBack_IsTaken_AndTheServerStopsAtOnce(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			cfg := settings(t)
			cfg.LMTPAddress = "127.0.0.1:0"
			if kind == "postgres" {
				cfg.DatabaseURL, cfg.Migrate = config.NewSecret(testdb.Postgres(t)), true
				if _, err := seal.Create(cfg.Keys); err != nil {
					t.Fatal(err)
				}
			}
			r := run(t, cfg)
			if r.admin == "" {
				made, err := server.CreateClient(t.Context(), cfg, slog.New(slog.DiscardHandler), &assentv1.CreateClientRequest{
					Id: "first", AllDepartments: true, Role: "admin",
				})
				if err != nil {
					t.Fatal(err)
				}
				r.admin = made.GetApiKey()
			}
			for range 2 {
				if err := deliver(t, r.at.LMTP, returned); err != nil {
					t.Fatal(err)
				}
			}
			got := r.call(http.MethodGet, "/v1/hints", "", "Authorization", "Bearer "+r.admin)
			if got.code != http.StatusOK || strings.Count(got.body, `"address":"anna@example.com"`) != 1 || !strings.Contains(got.body, `"source":"lmtp"`) {
				t.Errorf("hints: %d %s", got.code, got.body)
			}
			metrics := r.call(http.MethodGet, "/metrics", "", "Authorization", "Bearer "+r.admin).body
			for _, want := range []string{
				`assent_reports_total{class="hard",kind="bounce",outcome="hint",sender="",source="lmtp"} 1`, "assent_hints 1",
			} {
				if !strings.Contains(metrics, want) {
					t.Errorf("the metrics lack %s", want)
				}
			}
			if strings.Contains(metrics, "anna") || strings.Contains(r.log.String(), "anna") {
				t.Error("the address stands in the metrics or in the log")
			}
			began := time.Now()
			if err := r.stop(); err != nil {
				t.Errorf("the server ended with %v", err)
			}
			if took := time.Since(began); took > quick {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestLMTP_BeyondLoopback_IsRefused(t *testing.T) {
	cfg := settings(t)
	cfg.LMTPAddress = "0.0.0.0:2424"
	if told := refuses(t, cfg); !strings.Contains(told, "lmtp_address must be on loopback") {
		t.Error(told)
	}
}
