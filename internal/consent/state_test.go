package consent_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/optin"
	"github.com/assent-io/assent/internal/consent/standing"
	"github.com/assent-io/assent/internal/consent/statement"
)

const ann = "ann@firma.example"

// tell records statements about one address, which have to be accepted.
func tell(tb testing.TB, statements ...statement.Statement) *history {
	tb.Helper()
	h := &history{catalog: lab(tb)}
	for _, s := range statements {
		if s.Address == "" {
			s.Address = ann
		}
		if !h.add(&s) {
			tb.Fatalf("a statement of kind %s is refused", s.Kind)
		}
	}
	return h
}

func (h *history) decide(tb testing.TB, r consent.Request, at consent.Instant) consent.Decision {
	tb.Helper()
	a := mustAddress(tb, ann)
	return mustRules(tb, h.catalog, r).Decide(a, h.ledger().known(a, at), at)
}

func (h *history) confirmation(tb testing.TB, r consent.Request, at consent.Instant) consent.Code {
	tb.Helper()
	a := mustAddress(tb, ann)
	d := optin.DecideMail(mustRules(tb, h.catalog, r), a, h.ledger().known(a, at), at)
	return d.Reason
}

func consentOn(day int, confirmed consent.Instant) statement.Statement {
	return statement.Statement{
		Kind: consent.KindGrant, Occurred: instant(day), Channels: []string{"shop"}, Basis: catalog.BasisConsent,
		Declaration: consent.Declaration{ID: "all", Version: "1"}, Source: "web_form", Confirmed: confirmed,
		URL: "https://alpha.example", Operator: "desk-1",
	}
}

func TestState_ConfirmedRequestThatWasErased_DoesNotStandForAGrantThatWasNot(t *testing.T) {
	h := tell(t,
		statement.Statement{
			Kind: consent.KindRequest, Occurred: instant(1), Channels: []string{"shop"}, Source: "web_form",
			Declaration: consent.Declaration{ID: "all", Version: "1"}, URL: "https://alpha.example", Operator: "desk-1",
		},
		consentOn(3, instant(3)),
		statement.Statement{Kind: consent.KindConfirm, Occurred: instant(4) - 1, Channels: []string{"shop"}},
		statement.Statement{Kind: consent.KindErase, Occurred: instant(2)},
		statement.Statement{Kind: consent.KindLift, Occurred: instant(5), Reason: consent.ReasonErased},
	)
	d := h.decide(t, consent.Request{Channel: "shop"}, instant(6))
	if d.Reason != consent.CodeAllowConsent || d.Position != 2 {
		t.Errorf("got %s by event %d, want ALLOW_CONSENT by event 2", d.Reason, d.Position)
	}
}

func TestDecide_ConsentThatBeganBeforeTheErasure_CountsAsNeverMade(t *testing.T) {
	h := tell(t,
		statement.Statement{Kind: consent.KindErase, Occurred: instant(2)},
		consentOn(3, instant(2)), // given after the erasure, but confirmed at its instant
		statement.Statement{Kind: consent.KindLift, Occurred: instant(4), Reason: consent.ReasonErased},
	)
	if d := h.decide(t, consent.Request{Channel: "shop"}, instant(5)); d.Reason != consent.CodeNoLegalBasis {
		t.Errorf("got %s, want NO_LEGAL_BASIS", d.Reason)
	}
	h = tell(t,
		statement.Statement{Kind: consent.KindErase, Occurred: instant(2)},
		consentOn(3, instant(2)+1),
		statement.Statement{Kind: consent.KindLift, Occurred: instant(4), Reason: consent.ReasonErased},
	)
	if d := h.decide(t, consent.Request{Channel: "shop"}, instant(5)); d.Reason != consent.CodeAllowConsent {
		t.Errorf("a microsecond after the erasure: got %s, want ALLOW_CONSENT", d.Reason)
	}
}

func TestDecide_PendingRequestThatWasErased_IsNotPending(t *testing.T) {
	h := tell(t,
		statement.Statement{Kind: consent.KindRequest, Occurred: instant(1), Channels: []string{"shop"}},
		statement.Statement{Kind: consent.KindErase, Occurred: instant(1)},
		statement.Statement{Kind: consent.KindLift, Occurred: instant(2), Reason: consent.ReasonErased},
	)
	if d := h.decide(t, consent.Request{Channel: "shop"}, instant(3)); d.Reason != consent.CodeNoLegalBasis {
		t.Errorf("got %s, want NO_LEGAL_BASIS", d.Reason)
	}
}

func TestApply_EventThatIsNotLater_LeavesTheStateAsItWas(t *testing.T) {
	h := tell(t, consentOn(2, instant(2)), consentOn(2, 0), consentOn(1, 0))
	first, same, earlier := eventOf(h.facts[0].entry, instant(2), 1), eventOf(h.facts[1].entry, instant(2), 2), eventOf(h.facts[2].entry, instant(1), 3)
	state, want := &consent.State{}, &consent.State{}
	if !state.Apply(&first) || !want.Apply(&first) {
		t.Fatal("the first event is refused")
	}
	if state.Apply(&same) || state.Apply(&earlier) {
		t.Error("an event that is not later is applied")
	}
	if diff := cmp.Diff(want, state); diff != "" {
		t.Errorf("the state changed:\n%s", diff)
	}
}

func TestState_GrantsThatSayTheSame_AreKeptOnce(t *testing.T) {
	h := tell(t)
	for day := range 10 {
		s := consentOn(day, instant(day))
		s.Address = ann
		h.add(&s)
	}
	state := h.ledger().state(subject{consent.FormExact, ann}, instant(days))
	if len(state.Grants) != 1 || state.Grants[0].Position != 10 {
		t.Errorf("the state holds %d grants, want only the last", len(state.Grants))
	}
}

func TestState_SuppressionsThatSayTheSame_AreKeptOnceAndOfANoTheFirstToo(t *testing.T) {
	h := tell(t)
	for day := range 10 {
		for _, reason := range []consent.Reason{consent.ReasonManual, consent.ReasonComplaint} {
			h.add(&statement.Statement{Kind: consent.KindSuppress, Occurred: instant(day), Address: ann, Reason: reason, Scope: "marketing"})
		}
	}
	var kept []int64
	for _, p := range h.ledger().state(subject{consent.FormFolded, ann}, instant(days)).Suppressions {
		kept = append(kept, p.Position)
	}
	if diff := cmp.Diff([]int64{2, 19, 20}, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

const tenMinutes = 10 * 60 * 1_000_000

func TestDecideConfirmation_Limits_EndAtTheirBoundary(t *testing.T) {
	a := mustAddress(t, ann)
	news, shop := consent.Request{Channel: "news"}, consent.Request{Channel: "shop"}
	h := tell(t)
	h.addMail(instant(0), a, "news")
	for _, test := range []struct {
		r    consent.Request
		at   consent.Instant
		want consent.Code
	}{
		{news, instant(0), consent.CodeConfirmationLimit},
		{news, instant(0) + tenMinutes - 1, consent.CodeConfirmationLimit},
		{news, instant(0) + tenMinutes, consent.CodeAllowConfirmation},
		{shop, instant(0), consent.CodeAllowConfirmation},
	} {
		if got := h.confirmation(t, test.r, test.at); got != test.want {
			t.Errorf("after one mail, %s at %s: got %s, want %s", test.r.Channel, test.at, got, test.want)
		}
	}
	h.addMail(instant(0)+tenMinutes, mustAddress(t, "ann+tag@firma.example"), "news") // counts for the same mailbox
	for _, test := range []struct {
		at   consent.Instant
		want consent.Code
	}{
		{instant(1) - 1, consent.CodeConfirmationLimit},
		{instant(1), consent.CodeAllowConfirmation},
	} {
		d := optin.DecideMail(mustRules(t, h.catalog, news), a, h.ledger().known(a, test.at), test.at)
		if d.Reason != test.want || (d.Reason == consent.CodeConfirmationLimit) != (d.Retry == instant(1)) {
			t.Errorf("after two of the day, at %s: got %s, again from %s; want %s, again from %s", test.at, d.Reason, d.Retry, test.want, instant(1))
		}
	}
	h.addMail(instant(2), a, "shop")
	if got := h.confirmation(t, news, instant(30)-1); got != consent.CodeConfirmationLimit {
		t.Errorf("a fourth within 30 days: got %s", got)
	}
	if got := h.confirmation(t, news, instant(30)); got != consent.CodeAllowConfirmation {
		t.Errorf("a third within 30 days: got %s", got)
	}
}

func TestDecideConfirmation_AfterANo_OnceInThirtyDaysHoweverOftenItIsRepeated(t *testing.T) {
	a := mustAddress(t, ann)
	h := tell(t, statement.Statement{Kind: consent.KindSuppress, Occurred: instant(1), Reason: consent.ReasonObjection})
	h.addMail(instant(0), a, "news") // before the no
	if got := h.confirmation(t, consent.Request{Channel: "news"}, instant(2)); got != consent.CodeAllowConfirmation {
		t.Errorf("the first after a no, which is the only way back: got %s", got)
	}
	h.addMail(instant(2), a, "news")
	for day := 3; day < 6; day++ {
		h.add(&statement.Statement{Kind: consent.KindSuppress, Occurred: instant(day), Address: ann, Reason: consent.ReasonObjection})
	}
	for _, test := range []struct {
		at   consent.Instant
		want consent.Code
	}{{instant(7), consent.CodeConfirmationLimit}, {instant(32) - 1, consent.CodeConfirmationLimit}, {instant(32), consent.CodeAllowConfirmation}} {
		if got := h.confirmation(t, consent.Request{Channel: "shop"}, test.at); got != test.want {
			t.Errorf("the second after a no, at %s: got %s, want %s", test.at, got, test.want)
		}
	}
}

func TestDecideConfirmation_WhatStopsIt(t *testing.T) {
	for name, test := range map[string]struct {
		s    statement.Statement
		want consent.Code
	}{
		"legal block of another channel": {statement.Statement{Kind: consent.KindSuppress, Reason: "LEGAL_BLOCK", Scope: "channel:shop"}, consent.CodeLegalBlock},
		"restriction":                    {statement.Statement{Kind: consent.KindSuppress, Reason: "PROCESSING_RESTRICTED"}, consent.CodeRestricted},
		"manual of all":                  {statement.Statement{Kind: consent.KindSuppress, Reason: "MANUAL", Scope: "all"}, consent.CodeSuppressed},
		"manual of another channel":      {statement.Statement{Kind: consent.KindSuppress, Reason: "MANUAL", Scope: "channel:shop"}, consent.CodeAllowConfirmation},
		"bounce":                         {statement.Statement{Kind: consent.KindSuppress, Reason: "HARD_BOUNCE"}, consent.CodeAllowConfirmation},
		"objection":                      {statement.Statement{Kind: consent.KindSuppress, Reason: "OBJECTION"}, consent.CodeAllowConfirmation},
		"complaint":                      {statement.Statement{Kind: consent.KindSuppress, Reason: "COMPLAINT"}, consent.CodeAllowConfirmation},
		"erasure":                        {statement.Statement{Kind: consent.KindErase}, consent.CodeAllowConfirmation},
		"refusal":                        {statement.Statement{Kind: consent.KindRefuse, Channels: []string{"news"}}, consent.CodeAllowConfirmation},
	} {
		test.s.Occurred = instant(1)
		if got := tell(t, test.s).confirmation(t, consent.Request{Channel: "news"}, instant(2)); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	h := tell(t)
	role := mustAddress(t, "abuse@firma.example")
	d := optin.DecideMail(mustRules(t, h.catalog, consent.Request{Channel: "news"}), role, h.ledger().known(role, instant(1)), instant(1))
	if d.Reason != consent.CodeRoleAddress || d.Verdict != consent.Deny || d.About != consent.AboutRecipient {
		t.Errorf("a role: got %+v", d)
	}
}

func TestDecide_AddressThatNothingIsKnownOf_IsDeniedForMarketing(t *testing.T) {
	c := lab(t)
	for _, channel := range []string{"news", "shop", "club"} {
		d := mustRules(t, c, consent.Request{Channel: channel}).Decide(mustAddress(t, ann), &consent.Known{}, instant(1))
		if d.Verdict != consent.Deny || d.Reason != consent.CodeNoLegalBasis || d.ValidUntil != 0 {
			t.Errorf("%s: got %s %s until %s", channel, d.Verdict, d.Reason, d.ValidUntil)
		}
	}
}

func TestDecide_ValidUntil_IsTheNextExpiryOrTheLifeOfADecision(t *testing.T) {
	short := consentOn(1, instant(1))
	short.Expires = instant(3)
	for name, test := range map[string]struct {
		s    statement.Statement
		at   consent.Instant
		want consent.Instant
	}{
		"far from its end":     {consentOn(1, instant(1)), instant(1), instant(3)},
		"expires before":       {short, instant(2), instant(3)},
		"of an open-ended one": {consentOn(1, instant(1)), instant(9), instant(11)},
	} {
		if d := tell(t, test.s).decide(t, consent.Request{Channel: "shop"}, test.at); d.ValidUntil != test.want {
			t.Errorf("%s: got %s, want %s", name, d.ValidUntil, test.want)
		}
	}
	lapsing := consentOn(1, instant(1))
	lapsing.Channels = []string{"news"}
	if d := tell(t, lapsing).decide(t, consent.Request{Channel: "news"}, instant(5)); d.ValidUntil != instant(6) {
		t.Errorf("a consent that lapses: got %s, want %s", d.ValidUntil, instant(6))
	}
}

func TestStanding_AndInForce_TellWhatIsKnownOfAnAddressOnAChannel(t *testing.T) {
	h := tell(t,
		consentOn(1, instant(1)),
		statement.Statement{Kind: consent.KindErase, Occurred: instant(2)},
		consentOn(3, instant(3)),
		statement.Statement{Kind: consent.KindRefuse, Occurred: instant(4), Channels: []string{"shop"}},
		statement.Statement{Kind: consent.KindRequest, Occurred: instant(5), Channels: []string{"shop"}},
		statement.Statement{Kind: consent.KindSuppress, Occurred: instant(5), Reason: "MANUAL", Scope: "all", Expires: instant(6)},
	)
	h.add(&statement.Statement{Kind: consent.KindSuppress, Occurred: instant(5), Domain: "firma.example", Reason: "OBJECTION"})
	a := mustAddress(t, ann)
	known := h.ledger().known(a, instant(6))
	s := standing.Of(known, "shop", instant(6))
	if len(s.Grants) != 1 || s.Grants[0].At != instant(3) || s.Refused != instant(4) || s.Pending != instant(8) {
		t.Errorf("the standing is %+v", s)
	}
	if s := standing.Of(known, "news", instant(6)); s.Grants != nil || s.Refused != 0 || s.Pending != 0 {
		t.Errorf("the standing on another channel is %+v", s)
	}
	if s := standing.Of(known, "shop", instant(8)); s.Pending != 0 {
		t.Errorf("a request is pending at its expiry until %s", s.Pending)
	}
	var got []string
	for _, p := range known.InForce(a, instant(6)) {
		got = append(got, string(p.Reason)+" "+p.Domain)
	}
	if diff := cmp.Diff([]string{"ERASED ", "OBJECTION firma.example"}, got); diff != "" {
		t.Errorf("in force (-want +got):\n%s", diff)
	}
	nobody := &consent.Known{}
	if s := standing.Of(nobody, "shop", instant(6)); s.Grants != nil || len(nobody.InForce(a, instant(6))) > 0 {
		t.Errorf("of nobody is known %+v", s)
	}
}
