package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/mailserver"
)

func TestNoticeMails_WithoutAMailServer_TheStartSaysSo_AndTheNextOneWithOneSendsThem(t *testing.T) {
	cfg := settings(t)
	r := run(t, cfg)
	const said = "notices to them are only listed"
	if n := strings.Count(r.log.String(), said); n != 1 {
		t.Errorf("the start says %d times that notices are only listed:\n%s", n, r.log)
	}
	opened := r.as(http.MethodPost, "/v1/cases", `{"kind": "complaint", "address": "anna@example.com", "channel": "product-marketing", "text": "I left you"}`)
	if opened.code != http.StatusOK {
		t.Fatalf("%d %s", opened.code, opened.body)
	}
	if page := r.as(http.MethodGet, "/metrics", "").body; !strings.Contains(page, "assent_notices_listed 1\n") {
		t.Error("the metrics do not tell of the notice that is only listed")
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	mails := mailserver.Open(t, mailserver.Options{})
	cfg.SMTP, cfg.SMTPFrom = config.SMTP{Host: mails.Host, Port: mails.Port}, "assent@acme.example"
	r = run(t, cfg)
	testkit.Eventually(t, patience, "a mail", func() bool { return len(mails.Mails()) > 0 })
	if strings.Contains(r.log.String(), said) {
		t.Error("the start says that notices are only listed although there is a mail server")
	}
	testkit.Eventually(t, patience, "what the metrics tell", func() bool {
		page := r.as(http.MethodGet, "/metrics", "").body
		return strings.Contains(page, `assent_notice_mail_attempts_total{outcome="sent"}`) && strings.Contains(page, "assent_notice_mails_waiting 0\n")
	})
	if text := mails.Mails()[0].Text; !strings.Contains(text, "2026-000001") || strings.Contains(text, "anna") {
		t.Errorf("the mail is\n%s", text)
	}
}
