// Package sendcalendar is the address under which calendar programs read what is planned. They can send no key: the token in the address is
// the credential, so that it stands in no log and no error.
package sendcalendar

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/fault"
)

// Path is the path of all calendars. The token stands in the parameter token of the URL.
const Path = "/v1/sends.ics"

const (
	// timeout is how long a request is worked on at most.
	timeout = 20 * time.Second
	// retryAfter is when a program that heeds it may come again after a fault, in seconds.
	retryAfter = "300"
	// maxToken is how long a token may be; those that are made have 43 characters.
	maxToken = 256
)

// Calendars returns the calendar of a token.
type Calendars interface {
	CalendarFeed(ctx context.Context, token string) ([]byte, error)
}

// New returns the handler of Path.
func New(use Calendars, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		token := r.URL.Query().Get("token")
		if token == "" || len(token) > maxToken {
			header.Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusNotFound)
			return
		}
		calendar, err := use.CalendarFeed(ctx, token)
		if err != nil {
			refuse(ctx, w, log, err)
			return
		}
		write(w, r, calendar)
	})
}

// write answers with a calendar, or only that it is the one that the program has.
func write(w http.ResponseWriter, r *http.Request, calendar []byte) {
	sum := sha256.Sum256(calendar)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	header := w.Header()
	header.Set("Cache-Control", "private, no-cache") // To be kept, and asked about each time.
	header.Set("ETag", etag)
	if has(r.Header.Values("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", "text/calendar; charset=utf-8")
	header.Set("Content-Disposition", `inline; filename="sends.ics"`)
	_, _ = w.Write(calendar) // A program that went away misses its answer.
}

// has reports whether lists of ETags have one, by the weak comparison that If-None-Match asks for (RFC 9110, section 13.1.2).
func has(lists []string, etag string) bool {
	for _, list := range lists {
		for one := range strings.SplitSeq(list, ",") {
			if one = strings.TrimSpace(one); slices.Contains([]string{"*", etag, "W/" + etag}, one) {
				return true
			}
		}
	}
	return false
}

// refuse answers a request that gets no calendar.
func refuse(ctx context.Context, w http.ResponseWriter, log *slog.Logger, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if fault.Is(err, fault.CalendarMissing) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	text := err.Error()
	if cause := errors.Unwrap(err); cause != nil {
		text += ": " + cause.Error()
	}
	log.LogAttrs(ctx, slog.LevelError, "a calendar of sends could not be written", slog.String("error", text))
	w.Header().Set("Retry-After", retryAfter)
	w.WriteHeader(http.StatusServiceUnavailable)
}
