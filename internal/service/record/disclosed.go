package record

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
)

// countAnswer counts that the caller learnt something about the addresses of a statement of which nothing was recorded: that the same is
// known, or by a refusal what is held. What is recorded names its client in the ledger. It returns the refusal, or why it cannot count; then
// the answer must not be given.
func (s *Recorder) countAnswer(ctx context.Context, r *txn.Validated, duplicate bool, refused error) error {
	caller := access.CallerOf(ctx)
	if r == nil || !duplicate && !tellsOfAddress(refused) || caller.ID == access.RecipientID { // A person who learns of themselves is no recipient.
		return refused
	}
	about, err := aboutStatement(nil, subjects.NewLocator(s.Keys, 1), r)
	if err == nil {
		err = s.disclosures.CountAbout(ctx, &caller, about)
	}
	if err != nil {
		return err
	}
	return refused
}

// countItems counts what the answer to a batch tells about the addresses of items of which nothing was recorded, as countAnswer does. An
// item that was only validated tells something in any case: that nothing stands against it. It returns the answer, if that may be given.
func (s *Recorder) countItems(ctx context.Context, validateOnly bool, readied []*txn.Validated, results []Item) ([]Item, error) {
	var about []disclosure.About
	l := subjects.NewLocator(s.Keys, 1)
	for i := range results {
		item := &results[i]
		switch {
		case i >= len(readied) || readied[i] == nil:
		case item.Duplicate, validateOnly && item.Err == nil, item.Err != nil && tellsOfAddress(item.Err):
			var err error
			if about, err = aboutStatement(about, l, readied[i]); err != nil {
				return nil, err
			}
		}
	}
	caller := access.CallerOf(ctx)
	if err := s.disclosures.CountAbout(ctx, &caller, about); err != nil {
		return nil, err
	}
	return results, nil
}

// aboutStatement appends what an answer to a statement is about: its channels, of its address and of the one that it links. Domains are no
// persons.
func aboutStatement(to []disclosure.About, l *subjects.Locator, r *txn.Validated) ([]disclosure.About, error) {
	entry := r.Entry
	if entry.Form == consent.FormDomain {
		return to, nil
	}
	channels := entry.Facts.Channels
	if len(channels) == 0 {
		channels = []string{""}
	}
	at, err := l.Places(entry.Address, false)
	if err != nil {
		return nil, err
	}
	for _, channel := range channels {
		to = append(to, disclosure.About{Places: at, Channel: channel})
	}
	if entry.With.IsZero() {
		return to, nil
	}
	at, err = l.Places(entry.With, false)
	return append(to, disclosure.About{Places: at}), err
}

// tellsOfAddress reports whether a refusal says what is held about an address. All others are about the request or its caller.
func tellsOfAddress(refused error) bool {
	var f *fault.Error
	if !errors.As(refused, &f) || f == nil {
		return false
	}
	switch f.Code {
	case fault.ErasedBefore, fault.OtherController, fault.LegalHold, fault.SuppressionMissing, fault.LinkCircle, fault.LinkErased,
		fault.NotLinked, fault.RequestEnded, fault.NothingPending:
		return true
	default:
		return false
	}
}
