package sendcalendar_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/web/sendcalendar"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// calendars has one calendar, and one that meets a fault.
type calendars struct{}

func (calendars) CalendarFeed(_ context.Context, token string) ([]byte, error) {
	switch token {
	case "good":
		return []byte("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"), nil
	case "broken":
		return nil, fault.Errorf(fault.Unavailable, "", "the database is not available").Because(errors.New("dial"))
	default:
		return nil, fault.Errorf(fault.CalendarMissing, "token", "none")
	}
}

func TestCalendar_AnswersByTheToken(t *testing.T) {
	var log bytes.Buffer
	h := sendcalendar.New(calendars{}, slog.New(slog.NewTextHandler(&log, nil)))
	ask := func(method, token, has string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, sendcalendar.Path+"?token="+token, http.NoBody)
		if has != "" {
			r.Header.Set("If-None-Match", has)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	first := ask(http.MethodGet, "good", "")
	etag := first.Header().Get("ETag")
	if first.Code != http.StatusOK || first.Header().Get("Content-Type") != "text/calendar; charset=utf-8" || len(etag) < 20 ||
		first.Header().Get("Cache-Control") != "private, no-cache" || !strings.HasPrefix(first.Body.String(), "BEGIN:VCALENDAR") {
		t.Errorf("%d %v %q", first.Code, first.Header(), first.Body)
	}
	for has, want := range map[string]int{
		etag: http.StatusNotModified, `"x", W/` + etag: http.StatusNotModified, "*": http.StatusNotModified, `"x"`: http.StatusOK, etag[1:]: http.StatusOK,
	} {
		if got := ask(http.MethodGet, "good", has); got.Code != want || want == http.StatusNotModified && got.Body.Len() != 0 {
			t.Errorf("If-None-Match %s: %d %q, want %d", has, got.Code, got.Body, want)
		}
	}
	for token, want := range map[string]int{
		"": http.StatusNotFound, "unknown": http.StatusNotFound, strings.Repeat("x", 300): http.StatusNotFound, "broken": http.StatusServiceUnavailable,
	} {
		if got := ask(http.MethodGet, token, ""); got.Code != want || got.Body.Len() != 0 || got.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("the token %q: %d %q %v, want %d", token, got.Code, got.Body, got.Header(), want)
		}
	}
	if got := ask(http.MethodPost, "good", ""); got.Code != http.StatusMethodNotAllowed || got.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", got.Code, got.Header())
	}
	if !strings.Contains(log.String(), "dial") || strings.Contains(log.String(), "token=") || strings.Contains(log.String(), "broken") {
		t.Errorf("logged %s", log.String())
	}
}
