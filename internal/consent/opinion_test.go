package consent_test

import (
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/codec/codectest"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/consent/optin"
)

// labRequests are every check that the laboratory's catalog tells apart.
func labRequests() []consent.Request {
	return []consent.Request{
		{Channel: "news"},
		{Channel: "news", Sender: "gone"},
		{Channel: "news", Sender: "seller"},
		{Channel: "news", Sender: "nobody"},
		{Channel: "shop"},
		{Channel: "shop", Sender: "editor"},
		{Channel: "club"},
		{Channel: "former", Sender: "nobody"},
		{Channel: "parcels"},
		{Channel: "parcels", Reference: "p-1"},
		{Channel: "parcels", Reference: "p-1", Advertising: true},
		{Channel: "parcels", Reference: "p-1 "},
		{Channel: "duties", Reference: "law 1"},
		{Channel: "duties"},
	}
}

// laboratory holds the rules of every request, made once.
type laboratory struct {
	catalog *catalog.Catalog
	rules   map[consent.Request]*consent.Rules
}

func newLaboratory(tb testing.TB) *laboratory {
	tb.Helper()
	l := &laboratory{catalog: lab(tb), rules: map[consent.Request]*consent.Rules{}}
	for _, r := range labRequests() {
		l.rules[r] = mustRules(tb, l.catalog, r)
	}
	return l
}

// verdictOf is the decision in the words of the second opinion.
func verdictOf(d *consent.Decision) verdict {
	v := verdict{
		Verdict: d.Verdict, Reasons: d.Reasons, About: d.About, Basis: d.Basis, Position: d.Position, Declaration: d.Declaration,
		Obligations: d.Obligations, ValidUntil: d.ValidUntil, BasisEnd: d.BasisEnd, Retry: d.Retry,
	}
	if d.Sender != nil {
		v.Sender = d.Sender.ID
	}
	return v
}

// TestDecide_AnyHistory_AgreesWithTheSecondOpinion is the heart of these tests: fold and decision against the naive reading.
func TestDecide_AnyHistory_AgreesWithTheSecondOpinion(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 14)
		at := drawTime(t, "now")
		events := h.ledger()
		for _, a := range h.addresses {
			o, known := opinionOn(l.catalog, h.facts, a, at), events.known(a, at)
			for _, r := range labRequests() {
				d := l.rules[r].Decide(a, known, at)
				if diff := cmp.Diff(o.check(r), verdictOf(&d), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%s asks %+v (-opinion +decision):\n%s", a.Exact(), r, diff)
				}
				now := operational.Decide(l.rules[r], a, known, at)
				if diff := cmp.Diff(o.checkToSend(r), verdictOf(&now), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%s asks %+v to send (-opinion +decision):\n%s", a.Exact(), r, diff)
				}
				if d.Reason != d.Reasons[0] || d.Decided != at {
					t.Fatalf("the primary reason is %s of %v, decided at %s", d.Reason, d.Reasons, d.Decided)
				}
			}
		}
	})
}

func TestDecideConfirmation_AnyHistory_AgreesWithTheSecondOpinion(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 8)
		for range roll(t, "mails", 7) {
			h.addMail(drawTime(t, "sent")-pick[consent.Instant](t, "weeks before", 0, 0, 16*day, 29*day), pick(t, "to", h.addresses...), pick(t, "on", "news", "shop"))
		}
		at := drawTime(t, "now") + pick[consent.Instant](t, "month", 0, 0, 30*day)
		since := drawDay(t, "requested")
		events := h.ledger()
		for _, a := range h.addresses {
			o, known := opinionOn(l.catalog, h.facts, a, at), events.known(a, at)
			for _, r := range labRequests() {
				d := optin.DecideMail(l.rules[r], a, known, at)
				if diff := cmp.Diff(o.confirmationMail(r), verdictOf(&d), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%s asks to confirm %+v (-opinion +decision):\n%s", a.Exact(), r, diff)
				}
				if since > at {
					continue
				}
				if want, got := o.requestEnded(r, since), optin.RequestEnded(l.rules[r], a, known, since, at); got != want {
					t.Fatalf("a request of %s for %+v at %s has ended: got %t, want %t", a.Exact(), r, since, got, want)
				}
			}
		}
	})
}

const day = 86_400_000_000

// store applies events one by one, as the service does: later ones to the states it has, others by folding anew.
type store struct {
	ledger *ledger
	states map[subject]*consent.State
	names  *codectest.Names
}

func (s *store) apply(t *rapid.T, key subject, e *consent.Event) {
	s.ledger.subjects[key] = append(s.ledger.subjects[key], *e)
	e.Refs(s.names.Learn)
	state := s.states[key]
	if state == nil {
		state = &consent.State{}
	}
	if !state.Apply(e) {
		state = consent.Fold(slices.Clone(s.ledger.subjects[key]))
	}
	packed, err := codec.AppendState(nil, state, s.names)
	if err != nil {
		t.Fatalf("packing a state: %v", err)
	}
	unpacked, err := codec.UnpackState(packed, s.names)
	if err != nil {
		t.Fatalf("unpacking a state: %v", err)
	}
	if diff := cmp.Diff(state, unpacked, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("a state changes on its way through its packed form (-before +after):\n%s", diff)
	}
	s.states[key] = unpacked
}

func (s *store) known(a address.Address) *consent.Known {
	k := &consent.Known{
		Exact:    s.states[subject{consent.FormExact, a.Exact()}],
		Folded:   s.states[subject{consent.FormFolded, a.Folded()}],
		Mail:     s.states[subject{consent.FormMail, a.Mailbox()}],
		Spelling: spelling(a.Exact()),
	}
	for _, domain := range a.Domains() {
		k.Domains = append(k.Domains, s.states[subject{consent.FormDomain, domain}])
	}
	_ = k.GatherLinked(sha256.Sum256([]byte(a.Folded())), func(folded [32]byte) (*consent.State, error) {
		for of, state := range s.states {
			if of.form == consent.FormFolded && sha256.Sum256([]byte(of.canonical)) == folded {
				return state, nil
			}
		}
		return nil, nil //nolint:nilnil // There is no such state.
	})
	return k
}

// TestState_AppliedEventByEvent_DecidesLikeTheSecondOpinion holds the incremental fold, what it leaves out, and the packed form:
// at every instant of a history, up to the end and after it, the states answer as the whole list of events does.
func TestState_AppliedEventByEvent_DecidesLikeTheSecondOpinion(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 16)
		inTime := slices.Clone(h.facts)
		if roll(t, "sorted", 2) == 0 {
			slices.SortFunc(inTime, inOrder)
		} else {
			slices.SortStableFunc(inTime, func(x, y fact) int { return int(x.occurred - y.occurred) })
		}
		s := &store{ledger: newLedger(), states: map[subject]*consent.State{}, names: codectest.NewNames()}
		for i := range inTime {
			f := &inTime[i]
			e := eventOf(f.entry, f.occurred, f.position)
			s.apply(t, subject{f.entry.Form, f.entry.Canonical()}, &e)
			if i+1 < len(inTime) && inTime[i+1].occurred == f.occurred {
				continue
			}
			until := instant(days + 3)
			if i+1 < len(inTime) {
				until = inTime[i+1].occurred
			}
			for at := f.occurred; at < until; at += day {
				compareStore(t, l, h, s, at)
			}
		}
	})
}

func compareStore(t *rapid.T, l *laboratory, h *history, s *store, at consent.Instant) {
	for _, a := range h.addresses {
		o, known := opinionOn(l.catalog, h.facts, a, at), s.known(a)
		for _, r := range []consent.Request{{Channel: "news"}, {Channel: "shop"}, {Channel: "club"}, {Channel: "parcels", Reference: "p-1"}} {
			d := l.rules[r].Decide(a, known, at)
			if diff := cmp.Diff(o.check(r), verdictOf(&d), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s asks %+v at %s (-opinion +decision):\n%s", a.Exact(), r, at, diff)
			}
			d = optin.DecideMail(l.rules[r], a, known, at)
			if diff := cmp.Diff(o.confirmationMail(r), verdictOf(&d), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("%s asks to confirm %+v at %s (-opinion +decision):\n%s", a.Exact(), r, at, diff)
			}
		}
	}
}
