package feedserver

import (
	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/changes"
)

func heartbeat(p *changes.Page) *assentv1.Heartbeat {
	return &assentv1.Heartbeat{Position: p.Position, Token: p.Token, More: p.More, Time: handler.Timestamp(p.Read)}
}

func messages(entries []changes.Entry) []*assentv1.Change {
	list := make([]*assentv1.Change, len(entries))
	for i := range entries {
		list[i] = message(&entries[i])
	}
	return list
}

// message returns the message of an entry.
func message(e *changes.Entry) *assentv1.Change {
	rule := &e.Rule
	m := &assentv1.Change{
		Change: changeOf(e.Change), Match: matchOf(e.Match), Channel: rule.Channel, Scope: string(rule.Scope), Kind: kindOf(e.Kind),
		Reason: string(e.Reason), SinceTime: handler.Timestamp(rule.Since), UntilTime: handler.Timestamp(rule.Until), Order: e.Order,
		CountsFromTime: handler.Timestamp(rule.From), List: rule.List, Binds: string(rule.Binds), EndsRefusal: rule.EndsRefusal,
		EndsHonoured: rule.EndsHonoured, EndsObjection: rule.EndsObjection, Imported: rule.Imported, Position: e.Position,
		EndedBy: endedByOf(e.EndedBy), Stops: stopsOf(e.Stops), FoldVersion: int32(e.FoldVersion), //nolint:gosec // It is a small number.
	}
	switch {
	case e.Hash != "":
		m.Recipient = &assentv1.Change_Hash{Hash: e.Hash}
	case e.Address != "":
		m.Recipient = &assentv1.Change_Address{Address: e.Address}
	}
	return m
}

func changeOf(c changes.Change) assentv1.ChangeType {
	switch c {
	case changes.Added:
		return assentv1.ChangeType_CHANGE_TYPE_ADDED
	case changes.Removed:
		return assentv1.ChangeType_CHANGE_TYPE_REMOVED
	case changes.Reset:
		return assentv1.ChangeType_CHANGE_TYPE_RESET
	case changes.Kept:
		return assentv1.ChangeType_CHANGE_TYPE_KEPT
	default:
		return assentv1.ChangeType_CHANGE_TYPE_UNSPECIFIED
	}
}

func matchOf(form consent.Form) assentv1.AddressMatch {
	switch form {
	case consent.FormExact:
		return assentv1.AddressMatch_ADDRESS_MATCH_EXACT
	case consent.FormFolded:
		return assentv1.AddressMatch_ADDRESS_MATCH_FOLDED
	case consent.FormDomain:
		return assentv1.AddressMatch_ADDRESS_MATCH_DOMAIN
	default:
		return assentv1.AddressMatch_ADDRESS_MATCH_UNSPECIFIED
	}
}

func kindOf(kind feed.Kind) assentv1.RuleKind {
	switch kind {
	case feed.KindGrant:
		return assentv1.RuleKind_RULE_KIND_GRANT
	case feed.KindReopening:
		return assentv1.RuleKind_RULE_KIND_REOPENING
	case feed.KindRefusal:
		return assentv1.RuleKind_RULE_KIND_REFUSAL
	case feed.KindSuppression:
		return assentv1.RuleKind_RULE_KIND_SUPPRESSION
	case changes.KindAddress:
		return assentv1.RuleKind_RULE_KIND_ADDRESS
	default:
		return assentv1.RuleKind_RULE_KIND_UNSPECIFIED
	}
}

func endedByOf(by feed.EndedBy) assentv1.EndedBy {
	switch by {
	case feed.EndedByNothing:
		return assentv1.EndedBy_ENDED_BY_NOTHING
	case feed.EndedByConsent:
		return assentv1.EndedBy_ENDED_BY_CONSENT
	case feed.EndedByConfirmedConsent:
		return assentv1.EndedBy_ENDED_BY_CONFIRMED_CONSENT
	case feed.EndedByAnyConfirmedConsent:
		return assentv1.EndedBy_ENDED_BY_ANY_CONFIRMED_CONSENT
	case feed.EndedByClarification:
		return assentv1.EndedBy_ENDED_BY_CLARIFICATION
	default:
		return assentv1.EndedBy_ENDED_BY_UNSPECIFIED
	}
}

func stopsOf(what feed.Stops) assentv1.Stops {
	switch what {
	case feed.StopsEverything:
		return assentv1.Stops_STOPS_EVERYTHING
	case feed.StopsAllButNotices:
		return assentv1.Stops_STOPS_ALL_BUT_NOTICES
	case feed.StopsMarketing:
		return assentv1.Stops_STOPS_MARKETING
	case feed.StopsCustomerMarketing:
		return assentv1.Stops_STOPS_CUSTOMER_MARKETING
	default:
		return assentv1.Stops_STOPS_UNSPECIFIED
	}
}

// channel returns what a consumer needs to know of a channel.
func channel(c *feed.Channel) *assentv1.FeedChannel {
	m := coverage(&c.Coverage)
	m.Refusable, m.Closed = c.Refusable, string(c.Closed)
	for i := range c.Honours {
		m.Honours = append(m.Honours, coverage(&c.Honours[i]))
	}
	for _, q := range c.Limits.QuietHours {
		m.QuietHours = append(m.QuietHours, &assentv1.QuietHours{Zone: q.Zone, From: q.From.String(), Until: q.Until.String(), Days: q.Days.Names()})
	}
	for _, f := range c.Limits.Freezes {
		m.Freezes = append(m.Freezes, &assentv1.Freeze{
			FromTime: handler.Timestamp(consent.InstantOf(f.From)), UntilTime: handler.Timestamp(consent.InstantOf(f.Until)),
		})
	}
	return m
}

func coverage(c *consent.Coverage) *assentv1.FeedChannel {
	return &assentv1.FeedChannel{
		Id: c.Channel, Class: string(c.Class), Department: c.Department, Controller: c.Controller, SenderIdentity: c.Sender,
	}
}
