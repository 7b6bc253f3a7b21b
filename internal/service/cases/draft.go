package cases

import (
	"context"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/cases/answer"
	"github.com/assent-io/assent/internal/service/cases/number"
	"github.com/assent-io/assent/internal/service/cases/sealed"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// Draft is a text for a desk to work on.
type Draft struct {
	Subject string // with the mark by which an answer to it finds the case
	Text    string
	From    string // the mailbox of the desk; empty: the case is with the officers
}

// DraftAnswer drafts the answer to a case, in English or in German: why the person got the message, as it was recorded when the case came, and what
// holds now. Errors: INVALID_REQUEST, CASE_NOT_FOUND, CASE_HAS_NO_ADDRESS, SCOPE_MISSING.
func (s *Cases) DraftAnswer(ctx context.Context, id, language string) (Draft, error) {
	v, row, err := s.find(ctx, id)
	if err != nil {
		return Draft{}, err
	}
	in, err := sealed.Open(s.Keys, row)
	if err != nil {
		return Draft{}, err
	}
	if in.Address == "" {
		return Draft{}, fault.Errorf(fault.CaseLacksAddress, "id", "the case has no address, so nothing is known about the message")
	}
	then, err := s.standing(ctx, in.Address, row, asof.Moment{AsOf: row.Received})
	if err != nil {
		return Draft{}, err
	}
	now, err := s.standing(ctx, in.Address, row, asof.Moment{})
	if err != nil {
		return Draft{}, err
	}
	about := &answer.Case{Catalog: v.cat, Row: row, Then: then, Now: now}
	lang := locale.English
	if language == locale.German.Tag() {
		lang = locale.German
	}
	desk, _ := s.desk(v.cat, row.Department)
	draft := Draft{Subject: answer.Subject(in.Subject, number.Of(row.ID)), Text: about.Text(lang)}
	if len(desk.Mailboxes) > 0 {
		draft.From = desk.Mailboxes[0]
	}
	return draft, nil
}

// standing returns what holds for the address on the channel of a case; nil where that is not known to the caller.
func (s *Cases) standing(ctx context.Context, address string, row *casetable.Case, at asof.Moment) (*check.ChannelState, error) {
	r, err := s.checker.LookupFor(ctx, check.LookupInput{Address: address, Moment: at}, access.ScopeCases, true)
	if err != nil {
		return nil, err
	}
	for i := range r.Channels {
		if r.Channels[i].Channel == row.Channel {
			return &r.Channels[i], nil
		}
	}
	return nil, nil //nolint:nilnil // No channel and no error.
}
