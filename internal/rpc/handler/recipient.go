package handler

import (
	"context"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/check"
)

// LookupRecipient returns what holds for one address.
func (s *consentServer) LookupRecipient(ctx context.Context, m *assentv1.LookupRecipientRequest) (*assentv1.LookupRecipientResponse, error) {
	moment, err := momentOf(m)
	if err != nil {
		return nil, err
	}
	found, err := s.check.Lookup(ctx, check.LookupInput{Address: m.GetAddress(), Moment: moment})
	if err != nil {
		return nil, err
	}
	lang := s.speaks.Of(ctx)
	response := &assentv1.LookupRecipientResponse{Position: found.Position, CatalogVersion: found.CatalogVersion}
	for i := range found.Channels {
		response.Channels = append(response.Channels, ChannelState(&found.Channels[i], lang))
	}
	for i := range found.Suppressions {
		response.Suppressions = append(response.Suppressions, ActiveSuppression(&found.Suppressions[i]))
	}
	return response, nil
}

// ChannelState returns what holds on a channel as the API shows it.
func ChannelState(c *check.ChannelState, lang locale.Language) *assentv1.ChannelState {
	state := &assentv1.ChannelState{
		Channel: c.Channel, Decision: decisionOf(&c.Decision, lang), RefusedTime: Timestamp(c.Refused),
		PendingUntilTime: Timestamp(c.Pending),
	}
	if c.Cleared != nil {
		state.WithClearedSend = decisionOf(c.Cleared, lang)
	}
	for i := range c.Grants {
		g := &c.Grants[i]
		state.Grants = append(state.Grants, &assentv1.ActiveGrant{
			Position: g.Position, LegalBasis: legalBasisOf(g.Basis), Declaration: declarationRef(g.Declaration), Source: g.Source,
			OccurredTime: Timestamp(g.At), ConfirmedTime: Timestamp(g.Confirmed), ExpiresTime: Timestamp(g.Expires),
		})
	}
	return state
}

// ActiveSuppression returns a suppression as the API shows it.
func ActiveSuppression(s *consent.InForce) *assentv1.ActiveSuppression {
	return &assentv1.ActiveSuppression{
		Position: s.Position, Reason: string(s.Reason), Scope: string(s.Scope), Domain: s.Domain, SinceTime: Timestamp(s.At),
		UntilTime: Timestamp(s.Until), List: s.List, Binds: string(s.Binds), Linked: s.Linked, OtherSpelling: s.OtherSpelling,
	}
}
