package client

import (
	"context"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// Recorded is what became of a write.
type Recorded struct {
	// Positions are those of the events in the ledger; of a duplicate those of the first record of it.
	Positions []int64
	// Duplicate says that the fact was known already.
	Duplicate bool
	// Warnings say what was recorded otherwise than given, or what a grant lacks to allow anything.
	Warnings []*assentv1.Warning
	// StillAllowed are the channels on which messages are allowed although a no was recorded, by a consent that began later than it. Empty: the
	// no holds everywhere.
	StillAllowed []*assentv1.StillAllowed
}

// answer is what the answers to single writes have in common.
type answer interface {
	GetPositions() []int64
	GetDuplicate() bool
}

func recorded(a answer, err error) (Recorded, error) {
	if err != nil {
		return Recorded{}, err
	}
	r := Recorded{Positions: a.GetPositions(), Duplicate: a.GetDuplicate()}
	if w, ok := a.(interface{ GetWarnings() []*assentv1.Warning }); ok {
		r.Warnings = w.GetWarnings()
	}
	if s, ok := a.(interface {
		GetStillAllowed() []*assentv1.StillAllowed
	}); ok {
		r.StillAllowed = s.GetStillAllowed()
	}
	return r, nil
}

// Grant records a legal basis for channels, such as a consent.
func (c *Client) Grant(ctx context.Context, in *assentv1.GrantConsentRequest) (Recorded, error) {
	return recorded(c.consent.GrantConsent(ctx, in))
}

// Withdraw records that a person leaves or declines channels, or all marketing. Once it returns without an error, no later check allows; where
// a later consent still does, StillAllowed says so.
func (c *Client) Withdraw(ctx context.Context, in *assentv1.WithdrawConsentRequest) (Recorded, error) {
	return recorded(c.consent.WithdrawConsent(ctx, in))
}

// Suppress records what forbids contact with an address or a domain, such as a hard bounce.
func (c *Client) Suppress(ctx context.Context, in *assentv1.CreateSuppressionRequest) (Recorded, error) {
	return recorded(c.suppression.CreateSuppression(ctx, in))
}

// Lift ends suppressions.
func (c *Client) Lift(ctx context.Context, in *assentv1.LiftSuppressionRequest) (Recorded, error) {
	return recorded(c.suppression.LiftSuppression(ctx, in))
}

// Record records up to 10,000 events of the past in one call, such as those of a file. Each succeeds or fails by itself: the results, one for
// each event and in the same order, say which. Batches wait for all other writes; a refusal that is made now belongs to Withdraw.
func (c *Client) Record(ctx context.Context, in *assentv1.BatchRecordEventsRequest) ([]*assentv1.RecordResult, error) {
	answer, err := c.consent.BatchRecordEvents(ctx, in)
	if err != nil {
		return nil, err
	}
	if len(answer.GetResults()) != len(in.GetEvents()) {
		return nil, errMisfit
	}
	return answer.GetResults(), nil
}
