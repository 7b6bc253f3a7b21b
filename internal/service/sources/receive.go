package sources

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/assent-io/assent/internal/consent"
	report "github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/intake/provider/verify"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/intake"
	"github.com/assent-io/assent/internal/storage/tables"
)

// atOnce is how many reports are carried out before it is looked again whether the source is held.
const atOnce = 50

// What becomes of an event that is not handed on, for counters.
const (
	wordIgnored    = "ignored"
	wordUnreadable = "unreadable"
	wordConfirmed  = "confirmed"
	wordEnded      = "ended"
)

// noSecret is the reason for which a source without a secret refuses.
const noSecret provider.Reason = "no_secret"

// Opened is a source to which a request came.
type Opened struct {
	row      tables.Source
	verifier *verify.Source // nil: it has no secret yet
}

// MaxBody is how many bytes the body of a request to it has at most.
func (o *Opened) MaxBody() int64 { return provider.MaxBody(provider.Kind(o.row.Kind)) }

// OpenSource returns the source at a path, the part after /hooks/. Errors: SOURCE_NOT_FOUND, and faults of this side.
func (s *Sources) OpenSource(ctx context.Context, path string) (*Opened, error) {
	rows, err := tables.SourceAt(ctx, s.Store, pathHash(path))
	if err != nil {
		return nil, env.StoreFault(err)
	}
	if len(rows) == 0 {
		return nil, missing()
	}
	in, err := s.unseal(&rows[0], s.Instant())
	if err != nil {
		return nil, env.StoreFault(err)
	}
	o := &Opened{row: rows[0]}
	o.verifier, err = s.verifier(provider.Kind(o.row.Kind), in, true)
	if err != nil {
		return nil, fmt.Errorf("the source %s: %w", o.row.ID, err)
	}
	return o, nil
}

// Receive takes in what a request to a source tells. nil: all of it is stored, or there is nothing to store. A [*provider.Refusal] says what
// to answer; every other error is a fault of this side, after which the provider is to try again.
func (s *Sources) Receive(ctx context.Context, o *Opened, request *verify.Request) error {
	err := s.receive(ctx, o, request)
	var refused *provider.Refusal
	switch {
	case errors.As(err, &refused):
		s.refused(o.row.Kind, string(refused.Reason))
		s.Log.LogAttrs(ctx, slog.LevelInfo, "refused a webhook of a provider", slog.String("source", o.row.ID),
			slog.String("reason", string(refused.Reason)), slog.String("text", refused.Text))
	case err != nil:
		s.refused(o.row.Kind, "fault")
	}
	return err
}

// TooLarge counts a request whose body is longer than is taken.
func (s *Sources) TooLarge(o *Opened) { s.refused(o.row.Kind, "too_large") }

// Busy counts a request that came while there were too many. The source is nil where it was not found out.
func (s *Sources) Busy(o *Opened) {
	kind := ""
	if o != nil {
		kind = o.row.Kind
	}
	s.refused(kind, "busy")
}

func (s *Sources) receive(ctx context.Context, o *Opened, request *verify.Request) error {
	if o.verifier == nil {
		return &provider.Refusal{Status: http.StatusUnauthorized, Reason: noSecret, Text: "the source has no secret yet: give it with assent sources rotate"}
	}
	now := s.Clock()
	delivery, err := verify.Verify(ctx, o.verifier, request, now)
	if err != nil {
		return err
	}
	if delivery.Ended {
		s.counted(o.row.Kind, "UnsubscribeConfirmation", wordEnded)
		s.Log.LogAttrs(ctx, slog.LevelWarn, "a topic of SNS is not sent to a source any more", slog.String("source", o.row.ID))
	}
	if delivery.Confirm != "" {
		if err := s.confirm(ctx, delivery.Confirm); err != nil {
			return err
		}
		s.counted(o.row.Kind, "SubscriptionConfirmation", wordConfirmed)
		s.Log.LogAttrs(ctx, slog.LevelInfo, "confirmed that a topic of SNS is sent to a source", slog.String("source", o.row.ID))
	}
	if delivery.Body == nil {
		return nil
	}
	items, err := s.reader.Read(provider.Kind(o.row.Kind), delivery.Body)
	if err != nil {
		return err
	}
	if first, err := s.claim(ctx, o, delivery); err != nil || !first {
		return err
	}
	return s.take(ctx, o, items)
}

// confirm fetches the URL by which a topic of SNS is confirmed.
func (s *Sources) confirm(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("confirm a subscription: %w", err)
	}
	client := *s.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("confirm a subscription: %w", err)
	}
	defer response.Body.Close()                                      //nolint:errcheck // What matters is the status.
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)) // As above.
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("confirm a subscription: SNS answered %d", response.StatusCode)
	}
	return nil
}

// claim keeps a text that comes with one request only, with the body that it came with first. It reports whether that is this one: what
// comes again after a fault is taken in, and another body under the same text never is. The body is as it is read, since a form in parts
// has another boundary with each try.
func (s *Sources) claim(ctx context.Context, o *Opened, delivery *verify.Delivery) (first bool, err error) {
	if delivery.Once == "" {
		return true, nil
	}
	mine := tables.SourceToken{
		Source: o.row.ID, Token: sha256.Sum256([]byte(delivery.Once)), Body: sha256.Sum256(delivery.Body), Until: consent.InstantOf(delivery.Until),
	}
	if err := s.Store.WriteTables(ctx, tables.AddSourceToken(&mine)); err != nil {
		return false, env.StoreFault(err)
	}
	stored, err := tables.SourceTokenOf(ctx, s.Store, mine.Source, mine.Token)
	if err != nil {
		return false, env.StoreFault(err)
	}
	if len(stored) > 0 && stored[0].Body == mine.Body {
		return true, nil
	}
	s.refused(o.row.Kind, "replayed")
	s.Log.LogAttrs(ctx, slog.LevelWarn, "refused a webhook of a provider: its token came with another body before", slog.String("source", o.row.ID))
	return false, nil
}

// take hands on what the events report, and counts all of them.
func (s *Sources) take(ctx context.Context, o *Opened, items []provider.Item) error {
	var reports []report.Report
	var events []string
	for i := range items {
		item := &items[i]
		switch {
		case item.Err != nil:
			s.counted(o.row.Kind, item.Event, wordUnreadable)
			s.Log.LogAttrs(ctx, slog.LevelWarn, "an event of a provider cannot be read", slog.String("source", o.row.ID),
				slog.Int("event", item.Number), slog.String("error", item.Err.Error()))
		case item.Report.Kind == report.Ignored:
			s.counted(o.row.Kind, item.Event, wordIgnored)
			if item.Event == provider.Unknown {
				s.Log.LogAttrs(ctx, slog.LevelInfo, "an event of a provider is not known", slog.String("source", o.row.ID), slog.String("name", item.Raw))
			}
		default:
			reports, events = append(reports, item.Report), append(events, item.Event)
		}
	}
	from := intake.From{Source: o.row.ID, Client: o.row.Client, Held: o.row.Held != 0}
	for len(reports) > 0 {
		n := min(atOnce, len(reports))
		outcomes, err := s.taker.Take(ctx, from, reports[:n])
		if err != nil {
			return err
		}
		complaints := 0
		for i, outcome := range outcomes {
			s.counted(o.row.Kind, events[i], string(outcome))
			if isNew(outcome) && reports[i].Kind == report.Complaint {
				complaints++
			}
		}
		if complaints > 0 && !from.Held {
			if from.Held, err = s.countComplaints(ctx, &o.row, complaints); err != nil {
				return err
			}
		}
		reports, events = reports[n:], events[n:]
	}
	return nil
}

// isNew reports whether a report was recorded in some way: the same one again is not.
func isNew(outcome intake.Outcome) bool {
	return outcome == intake.Recorded || outcome == intake.Hinted
}
