package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	ical "github.com/arran4/golang-ical"
)

func TestSendCalendar_NeedsNoKey_FollowsTheSends_AndEndsWithItsToken(t *testing.T) {
	r := run(t, settings(t))
	at := func(after time.Duration) string { return r.clock.Now().Add(after).UTC().Format(time.RFC3339) }
	made := r.as(http.MethodPost, "/v1/sends", `{"id":"spring","channel":"newsletter","subject":"Spring; at last, öö","fromTime":"`+at(time.Hour)+
		`","untilTime":"`+at(2*time.Hour)+`","expectedSize":"20"}`)
	if made.code != http.StatusOK {
		t.Fatalf("planned: %d %s", made.code, made.body)
	}
	path, _ := r.as(http.MethodPost, "/v1/sendCalendars", `{"id":"wall"}`).json["path"].(string)
	secret, ok := strings.CutPrefix(path, "/v1/sends.ics?token=")
	if !ok || len(secret) != 43 {
		t.Fatalf("the path is %q", path)
	}
	read := func() *ical.VEvent {
		t.Helper()
		got := r.call(http.MethodGet, path, "")
		calendar, err := ical.ParseCalendar(strings.NewReader(got.body))
		if got.code != http.StatusOK || err != nil || len(calendar.Events()) != 1 {
			t.Fatalf("%d %v %s", got.code, err, got.body)
		}
		if strings.Contains(got.body, "20") && strings.Contains(got.body, "Recipients expected") {
			t.Errorf("it tells of so few recipients: %s", got.body)
		}
		return calendar.Events()[0]
	}
	value := func(e *ical.VEvent, name ical.ComponentProperty) string { return e.GetProperty(name).Value }
	first := read()
	begin, err := first.GetStartAt()
	if err != nil || begin.UTC().Format(time.RFC3339) != at(time.Hour) || value(first, ical.ComponentPropertySummary) != "newsletter-desk: Spring; at last, öö" ||
		value(first, ical.ComponentPropertyStatus) != "CONFIRMED" || value(first, ical.ComponentPropertySequence) != "0" ||
		value(first, ical.ComponentPropertyCategories) != "newsletter-desk" {
		t.Errorf("%v %v", err, first)
	}
	if got := r.as(http.MethodPost, "/v1/sends/spring:cancel", `{"reason":"no"}`); got.code != http.StatusOK {
		t.Fatalf("cancelled: %d %s", got.code, got.body)
	}
	second := read()
	if second.Id() != first.Id() || value(second, ical.ComponentPropertyStatus) != "CANCELLED" || value(second, ical.ComponentPropertySequence) != "1" {
		t.Errorf("after the cancellation %v", second)
	}
	if got := r.call(http.MethodGet, path[:len(path)-1], ""); got.code != http.StatusNotFound {
		t.Errorf("with another token: %d", got.code)
	}
	if got := r.as(http.MethodPost, "/v1/sendCalendars/wall:revoke", `{}`); got.code != http.StatusOK {
		t.Fatalf("revoked: %d %s", got.code, got.body)
	}
	if got := r.call(http.MethodGet, path, ""); got.code != http.StatusNotFound {
		t.Errorf("after its revocation: %d", got.code)
	}
	metrics := r.as(http.MethodGet, "/metrics", "").body
	if !strings.Contains(metrics, `assent_sends{state="cancelled"} 1`+"\n") {
		t.Error("the metrics do not tell of the send")
	}
	if strings.Contains(r.log.String()+metrics, secret) {
		t.Error("the log or the metrics have the token")
	}
}
