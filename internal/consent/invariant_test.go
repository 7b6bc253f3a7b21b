package consent_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
)

// What must always hold: the lines of the decision rules that concern this package, each by its number there. The eighth,
// that a batch answers like single checks, is the service's.

// decideAll answers every request of the laboratory for an address.
func (l *laboratory) decideAll(events *ledger, a address.Address, at consent.Instant) map[consent.Request]verdict {
	known := events.known(a, at)
	answers := make(map[consent.Request]verdict, len(l.rules))
	for r, rules := range l.rules {
		d := rules.Decide(a, known, at)
		answers[r] = verdictOf(&d)
	}
	return answers
}

func (l *laboratory) isMarketing(r consent.Request) bool {
	ch, _ := l.catalog.Channel(r.Channel)
	return ch.Class == catalog.ClassMarketing
}

func TestInvariant1_AddingASuppressionOrRefusal_NeverTurnsDenyIntoAllow(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 12)
		at := drawTime(t, "now")
		a := pick(t, "asked", h.addresses...)
		before := l.decideAll(h.ledger(), a, at)
		s := drawStatement(t, []string{pick(t, "of", h.addresses...).Exact()})
		for s.Kind != consent.KindWithdraw && s.Kind != consent.KindRefuse && s.Kind != consent.KindSuppress {
			s = drawStatement(t, []string{pick(t, "of", h.addresses...).Exact()})
		}
		h.add(&s)
		for r, after := range l.decideAll(h.ledger(), a, at) {
			if l.isMarketing(r) && after.Verdict == consent.Allow && before[r].Verdict != consent.Allow {
				t.Fatalf("%+v: %v became %v after %+v", r, before[r], after, s)
			}
		}
	})
}

// noes are the codes of a refusal, an objection and a complaint.
func noes() []consent.Code {
	return []consent.Code{consent.CodeWithdrawn, consent.CodeRefused, consent.CodeObjection, consent.CodeComplaint}
}

func TestInvariant2_WhatIsImportedFromEarlierOrFromAList_EndsNoRefusalObjectionOrComplaint(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 10)
		at := drawTime(t, "now")
		h.facts = slices.DeleteFunc(h.facts, func(f fact) bool { return f.occurred > at })
		a := pick(t, "asked", h.addresses...)
		said := pick(t, "said no", consent.KindWithdraw, consent.KindSuppress)
		last := statement.Statement{Kind: said, Occurred: at, Address: a.Exact(), Channels: []string{"shop"}}
		if said == consent.KindSuppress {
			last.Channels, last.Reason = nil, pick(t, "reason", consent.ReasonObjection, consent.ReasonComplaint)
		}
		if !h.add(&last) {
			t.Fatal("the no is not accepted")
		}
		for range 1 + roll(t, "imported", 4) {
			s := drawImport(t, a, at)
			h.add(&s)
		}
		later := at + consent.Instant(roll(t, "days later", 3))*day
		got := l.decideAll(h.ledger(), a, later)[consent.Request{Channel: "shop"}]
		hidden := []consent.Code{ // what is looked for before
			consent.CodeLegalBlock, consent.CodeRestricted, consent.CodeHardBounce, consent.CodeSuppressed, consent.CodeRoleAddress,
			consent.CodeErased, consent.CodeExternalList,
		}
		if got.Verdict != consent.Deny || !slices.ContainsFunc(got.Reasons, func(c consent.Code) bool {
			return slices.Contains(noes(), c) || slices.Contains(hidden, c)
		}) {
			t.Fatalf("a no of %s does not stand at %s: %+v", at, later, got)
		}
	})
}

// drawImport is a grant, request or lift from before the no or of the same instant, or a list import of any time.
func drawImport(t *rapid.T, a address.Address, no consent.Instant) statement.Statement {
	s := statement.Statement{Kind: pick(t, "kind", consent.KindGrant, consent.KindRequest, consent.KindConfirm, consent.KindLift), Address: a.Exact()}
	s.Occurred = no - consent.Instant(roll(t, "days before", 4))*day
	switch s.Kind {
	case consent.KindLift:
		s.Reason = pick(t, "lifted", consent.ReasonObjection, consent.ReasonComplaint)
		return s
	case consent.KindGrant:
		drawGrant(t, &s)
	case consent.KindRequest:
		s.Declaration, s.Source = drawDeclaration(t), "web_form"
	default:
	}
	s.Channels = []string{"shop"}
	if s.Kind == consent.KindGrant && roll(t, "of a list", 2) == 0 {
		s.Occurred, s.Source = no+consent.Instant(roll(t, "days after", 3))*day, "import"
	}
	return s
}

// unfolded is the history as it would be if no two spellings were one mailbox: what other spellings said is left out.
func (h *history) unfolded(a address.Address) *ledger {
	only := &history{catalog: h.catalog}
	for _, f := range h.facts {
		if f.entry.Form == consent.FormDomain || f.entry.Exact() == a.Exact() {
			only.facts = append(only.facts, f)
		}
	}
	return only.ledger()
}

func TestInvariant3_Folding_NeverYieldsAnAllowThatTheExactAddressWouldNotHave(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 14)
		at := drawTime(t, "now")
		for _, a := range h.addresses {
			exact := l.decideAll(h.unfolded(a), a, at)
			for r, folded := range l.decideAll(h.ledger(), a, at) {
				if folded.Verdict == consent.Allow && exact[r].Verdict != consent.Allow {
					t.Fatalf("%+v: folding turned %v into %v", r, exact[r], folded)
				}
			}
		}
	})
}

func TestInvariant5_TheDecision_DoesNotDependOnLaterEvents(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 14)
		at := drawTime(t, "now")
		earlier := &history{catalog: h.catalog, addresses: h.addresses}
		for _, f := range h.facts {
			if f.occurred <= at {
				earlier.facts = append(earlier.facts, f)
			}
		}
		for _, a := range h.addresses {
			if diff := cmp.Diff(l.decideAll(earlier.ledger(), a, at), l.decideAll(h.ledger(), a, at)); diff != "" {
				t.Fatalf("later events changed the decision (-without +with):\n%s", diff)
			}
		}
	})
}

func TestInvariant6_TheOrderOfArrival_DoesNotMatter(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 14)
		at := drawTime(t, "now")
		order := make([]int, len(h.facts))
		for i := range order {
			order[i] = i
		}
		asWritten, shuffled := h.ledger(), h.events(rapid.Permutation(order).Draw(t, "arrival"))
		for key := range asWritten.subjects {
			if diff := cmp.Diff(asWritten.state(key, at), shuffled.state(key, at), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("the fold depends on the order of arrival:\n%s", diff)
			}
		}
		for _, a := range h.addresses {
			if diff := cmp.Diff(l.decideAll(asWritten, a, at), l.decideAll(shuffled, a, at)); diff != "" {
				t.Fatalf("the decision depends on the order of arrival:\n%s", diff)
			}
		}
	})
}

func TestInvariant7_EveryAllow_NamesAnAcceptedBasisAndADeclarationThatCovers(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 14)
		at := drawTime(t, "now")
		a := pick(t, "asked", h.addresses...)
		for r, v := range l.decideAll(h.ledger(), a, at) {
			ch, _ := l.catalog.Channel(r.Channel)
			switch {
			case v.Verdict != consent.Allow:
				if v.Verdict != consent.Deny || v.Basis != "" || v.Position != 0 || v.ValidUntil != 0 || v.About == 0 {
					t.Fatalf("%+v: no proper denial: %+v", r, v)
				}
				continue
			case !ch.Accepts(v.Basis) || v.Sender == "" || v.ValidUntil <= at:
				t.Fatalf("%+v: an ALLOW on %q under %q until %s", r, v.Basis, v.Sender, v.ValidUntil)
			case ch.Class != catalog.ClassMarketing:
				if r.Reference == "" {
					t.Fatalf("%+v: an ALLOW without reference", r)
				}
				continue
			case v.Position == 0 || h.facts[v.Position-1].entry.Exact() != a.Exact():
				t.Fatalf("%+v: an ALLOW by event %d, which is not of this address", r, v.Position)
			}
			version, known := l.catalog.Declaration(v.Declaration.ID, v.Declaration.Version)
			if v.Basis != catalog.BasisExistingCustomer && (!known || !version.Covers(r.Channel)) {
				t.Fatalf("%+v: an ALLOW by the declaration %q, which does not cover the channel", r, v.Declaration)
			}
		}
	})
}

func TestInvariant9_AnErasedAddressThatComesBack_IsSuppressedUntilALiftOrAConfirmedConsent(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 10)
		a := pick(t, "erased", h.addresses...)
		erased := instant(days + 1) // after everything
		h.add(&statement.Statement{Kind: consent.KindErase, Occurred: erased, Address: a.Exact()})
		for range roll(t, "afterwards", 4) {
			s := statement.Statement{Kind: consent.KindGrant, Address: a.Exact(), Occurred: erased + day}
			drawGrant(t, &s)
			if s.Basis == catalog.BasisConsent && s.Confirmed != 0 && s.Confirmed <= erased+2*day {
				s.Source = "import" // would reopen, were it no import
			}
			h.add(&s)
		}
		at := erased + 2*day
		for r, v := range l.decideAll(h.ledger(), a, at) {
			if l.isMarketing(r) && v.Verdict == consent.Allow {
				t.Fatalf("%+v: erased, and allowed again: %+v", r, v)
			}
		}
		back := statement.Statement{
			Kind: consent.KindGrant, Occurred: erased + day, Address: a.Exact(), Channels: []string{"news"}, Basis: catalog.BasisConsent,
			Declaration: consent.Declaration{ID: "all", Version: "1"}, Source: "web_form", Confirmed: erased + day,
		}
		lift := statement.Statement{Kind: consent.KindLift, Occurred: erased + day, Address: a.Exact(), Reason: consent.ReasonErased}
		h.add(pick(t, "way back", &back, &lift))
		if v := l.decideAll(h.ledger(), a, at)[consent.Request{Channel: "news"}]; slices.Contains(v.Reasons, consent.CodeErased) &&
			!otherAddressErased(h, a) {
			t.Fatalf("the way back is shut: %+v", v)
		}
	})
}

// otherAddressErased is whether another spelling of the mailbox, or another address that may be linked, was erased: a lift for this one does
// not end that.
func otherAddressErased(h *history, a address.Address) bool {
	return slices.ContainsFunc(h.facts, func(f fact) bool {
		return f.kind() == consent.KindErase && f.entry.Address != a
	})
}
