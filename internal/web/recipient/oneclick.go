package recipient

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"github.com/assent-io/assent/internal/service/recipient"
)

// errTooLarge is returned for a body that is larger than any form of ours and any one click.
var errTooLarge = errors.New("the body is too large")

// readForm reads the fields of a body, urlencoded or multipart/form-data. A body of another type is read as urlencoded: mailbox providers are
// known to leave the type out. Files are left out. What cannot be read has no fields.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, errTooLarge
		}
		return nil, err
	}
	return parseForm(r.Header.Get("Content-Type"), body), nil
}

func parseForm(contentType string, body []byte) url.Values {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "multipart/form-data" {
		fields, _ := url.ParseQuery(strings.TrimSpace(string(body))) // What was read before an error counts.
		return fields
	}
	fields := url.Values{}
	reader := multipart.NewReader(strings.NewReader(string(body)), params["boundary"])
	const most = 32
	for range most {
		part, err := reader.NextPart()
		if err != nil {
			break
		}
		value, err := io.ReadAll(part)
		if err != nil {
			break
		}
		if part.FileName() == "" {
			fields.Add(part.FormName(), string(value))
		}
	}
	return fields
}

// isOneClick reports whether the fields are those of RFC 8058.
func isOneClick(fields url.Values) bool {
	for name, values := range fields {
		if strings.EqualFold(name, "List-Unsubscribe") && len(values) > 0 && strings.EqualFold(strings.TrimSpace(values[0]), "One-Click") {
			return true
		}
	}
	return false
}

// oneClick carries out a one click and answers it: always in the same way, whether it was new, known or nonsense, so that the answer tells
// nothing; but for a fault of ours, after which the sender is to try again.
func (h *Handler) oneClick(w http.ResponseWriter, r *http.Request) {
	token, by := tokenOf(r), byOf(r)
	// A closed connection must not take along what the person said.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), actTimeout)
	defer cancel()
	got, err, _ := h.clicks.Do(token, func() (any, error) { return h.opts.Links.OneClick(ctx, token, by) })
	if err != nil {
		h.opts.Counted("one_click", "failed")
		h.logFault(r, err)
		w.Header().Set("Retry-After", "30")
		http.Error(w, h.in(r).texts.Get("recipient.fault.text"), http.StatusServiceUnavailable)
		return
	}
	outcome, _ := got.(recipient.Outcome)
	h.opts.Counted("one_click", outcome.String())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, h.in(r).texts.Get("recipient.oneClick")+"\n") // A caller that went away misses its answer.
}
