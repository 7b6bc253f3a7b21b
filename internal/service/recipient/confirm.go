package recipient

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
	"github.com/assent-io/assent/internal/consent/optin"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/token"
)

// Asking is what the page of a confirmation link shows.
type Asking struct {
	Address     string // masked
	Channel     *catalog.Channel
	Controller  *catalog.Controller
	Declaration *catalog.DeclarationVersion // nil: the catalog does not have it any more
	// Confirmed says that the request was confirmed. Refused says that a refusal of the channel stands, and Ended that the person said no since
	// the request was made, so that it cannot be confirmed any more.
	Confirmed, Refused, Ended bool
	// Waits says that the request can be confirmed.
	Waits bool
}

// Asking returns what the page of a confirmation link shows. It changes nothing. The error is [ErrNonsense], or a fault of ours.
func (l *Links) Asking(ctx context.Context, text string) (*Asking, error) {
	ctx = asRecipient(ctx)
	named, h, err := l.confirming(text)
	if err != nil {
		return nil, err
	}
	seen, err := l.look(ctx, h)
	if err != nil {
		return nil, err
	}
	return l.asking(ctx, named, h, seen)
}

// confirming returns what the token of a confirmation mail leads to.
func (l *Links) confirming(text string) (*token.Confirmation, *holder, error) {
	const longest = 4096
	if len(text) > longest {
		return nil, nil, ErrNonsense
	}
	named, err := token.ReadConfirmation(l.Keys, text)
	if err != nil {
		return nil, nil, ErrNonsense
	}
	a, err := address.Parse(named.Address)
	if err != nil {
		return nil, nil, ErrNonsense
	}
	h, err := l.holderOf(a, named.Channel, consent.Instant(named.Requested), true)
	return &named, h, err
}

func (l *Links) asking(ctx context.Context, named *token.Confirmation, h *holder, s *sight) (*Asking, error) {
	rules, err := l.refusable(s.catalog, h.channel)
	if err != nil {
		return nil, err
	}
	a := &Asking{Address: Mask(h.Address.Exact()), Channel: rules.Channel(), Refused: leaving.Refused(rules, s.Known, s.at)}
	a.Controller, _ = s.catalog.Controller(a.Channel.Controller)
	if id, version, err := catalog.ParseDeclarationRef(named.Declaration); err == nil {
		a.Declaration, _ = s.catalog.Declaration(id, version)
	}
	a.Ended = optin.RequestEnded(rules, h.Address, s.Known, h.decided, s.at)
	if s.Exact == nil || a.Ended {
		return a, nil
	}
	pending := func(position int64) bool {
		return slices.ContainsFunc(s.Exact.Pending, func(p consent.Pending) bool {
			return p.Channel == h.channel && p.Position == position && !consent.EndedBy(p.Expires, s.at)
		})
	}
	if a.Waits = pending(named.Request); a.Waits {
		return a, nil
	}
	// It was confirmed, or an erasure has recorded it anew at another position; else a newer one took its place.
	events, err := l.eventsOf(ctx, &h.Exact)
	if err != nil {
		return nil, err
	}
	request, confirmation := consent.ConfirmationOf(events, named.Request)
	a.Waits, a.Confirmed = confirmation == 0 && request != 0 && pending(request), confirmation != 0
	return a, nil
}

// Confirm confirms the request of a confirmation link, and reports whether that was done before. Errors: [ErrNonsense], REQUEST_ENDED,
// NOTHING_PENDING, or a fault of ours.
func (l *Links) Confirm(ctx context.Context, text string, by By) (known bool, err error) {
	ctx = asRecipient(ctx)
	if _, _, err := l.confirming(text); err != nil {
		return false, err
	}
	confirmed, err := l.recorder.ConfirmConsent(ctx, record.Confirmation{Token: text, Statement: statement.Statement{
		Source: consent.SourceDoubleOptIn, IP: by.IP, UserAgent: statement.StorableUserAgent(by.UserAgent), Note: noteConfirmation,
	}})
	return confirmed.Duplicate, err
}

// noteConfirmation is kept with what a person did on the page of a confirmation link.
const noteConfirmation = "on the page of the link in the confirmation mail"

// NotMe refuses the channel of a confirmation link: the person did not ask for it. A no that stands is not recorded again.
func (l *Links) NotMe(ctx context.Context, text string, by By) (known bool, err error) {
	ctx = asRecipient(ctx)
	_, h, err := l.confirming(text)
	if err != nil {
		return false, err
	}
	outcome, err := l.write(ctx, h, func(w *transaction) (Outcome, error) {
		rules, err := l.refusable(w.catalog, h.channel)
		if err != nil {
			return 0, err
		}
		if leaving.Refused(rules, w.Known, w.at) {
			return Known, nil
		}
		return Done, w.leave(h.channel, by, noteConfirmation+": it was not I who asked")
	})
	if err == nil && outcome == Nonsense {
		err = ErrNonsense
	}
	return outcome == Known, err
}
