package consent_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/scenario"
)

// What a consumer of the feed concludes from cards is what a check answers, under every catalog, at every time from the last event on.

// times are from the last event on: boundaries, moments beside them, and later.
func drawTimes(t *rapid.T, last consent.Instant) []consent.Instant {
	times := []consent.Instant{last}
	for range 3 {
		at := max(drawTime(t, "now"), drawTime(t, "now"))
		times = append(times, max(last, at))
	}
	return append(times, last+consent.Instant(roll(t, "later", 8))*day)
}

// compared counts what consumers concluded.
type compared map[consent.Code]int

// compare holds what every consumer concludes from cards, on every channel, against a check.
func (n compared) compare(t fails, w *feedWorld, a address.Address, known *consent.Known, at consent.Instant) {
	rules := w.cards(a, known)
	for _, c := range consumers() {
		held := c.held(t, a, rules)
		for i := range w.worths.Channels() {
			ch := &w.worths.Channels()[i]
			got := ch.Evaluate(held, a.Role(), at)
			if wrong := w.differs(t, &c, ch, a, known, held, at); wrong != "" {
				d := mustRulesOf(t, w.catalog, ch.Channel).Decide(a, known, at)
				t.Fatalf("%s, %s on %s at %s: %s\nit answers %+v\na check answers %s %v\ncards: %+v", c.name, a.Exact(), ch.Channel, at,
					wrong, got, d.Verdict, d.Reasons, rules)
			}
			n[got.Reason]++
			if b := blocksOf(ch, a, rules, at); c.name == "plain" && b.IsEmpty() == ch.Evaluate(held, false, at).Blocked && ch.Closed == "" {
				t.Fatalf("%s on %s at %s: it answers %+v, and these rules block: %+v", a.Exact(), ch.Channel, at, got, b)
			}
		}
	}
}

// blocksOf returns the rules that block an address.
func blocksOf(ch *feed.Channel, a address.Address, cards map[card][]feed.Rule, at consent.Instant) feed.Blocks {
	var domains [][]feed.Rule
	for _, domain := range a.Domains() {
		domains = append(domains, cards[card{consent.FormDomain, domain}])
	}
	return ch.Blocks(cards[card{consent.FormExact, a.Exact()}], cards[card{consent.FormFolded, a.Folded()}], domains, at)
}

func TestFeed_AnyHistory_AConsumerConcludesWhatACheckAnswers(t *testing.T) {
	seen := compared{}
	rapid.Check(t, func(t *rapid.T) {
		w := newFeedWorld(t)
		lists := drawListVersions(t, w.history.addresses)
		for i := range lists {
			lists[i].from = min(lists[i].from, w.ledger.last())
		}
		for _, at := range drawTimes(t, w.ledger.last()) {
			inForce := consulted(t, lists, at)
			for _, a := range w.history.addresses {
				known := w.ledger.known(a, at)
				known.Lists = inForce.Append(nil, a)
				seen.compare(t, w, a, known, at)
			}
		}
	})
	t.Log(seen)
	for _, code := range []consent.Code{
		consent.CodeAllowConsent, consent.CodeAllowContract, consent.CodeAllowLegal, consent.CodeSuppressed, consent.CodeRefused,
		consent.CodeObjection, consent.CodeNoLegalBasis, consent.CodeExternalList, consent.CodeListStale,
	} {
		if seen[code] == 0 {
			t.Errorf("no history led to %s", code)
		}
	}
}

// receive applies a window to what a consumer holds.
func receive(held map[card][]feed.Rule, of card, removed, added []feed.Rule) {
	rules := slices.DeleteFunc(slices.Clone(held[of]), func(r feed.Rule) bool { return slices.Contains(removed, r) })
	rules = append(rules, added...)
	slices.SortFunc(rules, func(a, b feed.Rule) int { return a.Compare(&b) })
	held[of] = rules
}

func TestFeed_CardsBeforeAndWhatChanged_AreTheCardsAfter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newFeedWorld(t)
		middle := int64(rapid.IntRange(0, int(w.ledger.arrived)).Draw(t, "position"))
		end := w.ledger.last() + day
		earlier := w.upTo(middle)
		for _, a := range w.history.addresses {
			known, before := w.ledger.known(a, end), earlier.known(a, end)
			held, after := w.cards(a, before), w.cards(a, known)
			for of := range after {
				removed, added := feed.Diff(held[of], after[of])
				receive(held, of, removed, added)
				if diff := cmp.Diff(after[of], held[of]); diff != "" && len(after[of])+len(held[of]) > 0 {
					t.Fatalf("the card of %v (-after +before and what changed):\n%s", of, diff)
				}
			}
			exact := card{consent.FormExact, a.Exact()}
			if cmp.Equal(before.Exact, known.Exact) && !slices.Equal(w.cards(a, before)[exact], after[exact]) &&
				!slices.Contains(slices.Concat(feed.Spellings(before.Folded), feed.Spellings(known.Folded)), known.Spelling) {
				t.Fatalf("the exact card of %s changed with its folded subject, but that does not name its spelling", a.Exact())
			}
		}
	})
}

// TestFeed_WithoutWhatWasRemoved_AConsumerIsWrong shows that the comparison finds a feed that loses entries: of grants that were void, it
// allows messages that a check denies.
func TestFeed_WithoutWhatWasRemoved_AConsumerIsWrong(t *testing.T) {
	wrong, right, plain := 0, 0, consumers()[0]
	rapid.Check(t, func(t *rapid.T) {
		w := newFeedWorld(t)
		before := w.ledger.arrived
		w.void(t, 2)
		end, earlier := w.ledger.last(), w.upTo(before)
		for _, a := range w.history.addresses {
			known := w.ledger.known(a, end)
			held, after := w.cards(a, earlier.known(a, end)), w.cards(a, known)
			for of := range after {
				_, added := feed.Diff(held[of], after[of])
				receive(held, of, nil, added)
			}
			cards := plain.held(t, a, held)
			for i := range w.worths.Channels() {
				if w.differs(t, &plain, &w.worths.Channels()[i], a, known, cards, end) != "" {
					wrong++
				} else {
					right++
				}
			}
		}
	})
	if t.Logf("%d answers were wrong, %d right", wrong, right); wrong < 5 {
		t.Error("hardly any answer was wrong")
	}
}

func TestFeed_WhatAFilterLeavesOut_ChangesNoAnswerAboutItsChannels(t *testing.T) {
	left := 0
	rapid.Check(t, func(t *rapid.T) {
		w := newFeedWorld(t)
		at := w.ledger.last()
		wanted := someOf(t, labChannels()...)
		filter := w.worths.Filter(wanted, nil)
		for _, a := range w.history.addresses {
			known := w.ledger.known(a, at)
			all := w.cards(a, known)
			some := map[card][]feed.Rule{}
			for of, rules := range all {
				some[of] = filter.Of(rules)
				left += len(rules) - len(some[of])
			}
			plain := consumers()[0]
			plain.hold = func(_ fails, _ address.Address, r *feed.Rule) feed.Held {
				h := feed.Hold(r, feed.PlainOrder(r))
				h.Stops = filter.Stops(r)
				return h
			}
			for _, id := range wanted {
				ch := w.worths.Channel(id)
				if ch == nil {
					continue
				}
				if wrong := w.differs(t, &plain, ch, a, known, plain.held(t, a, some), at); wrong != "" {
					t.Fatalf("%s on %s with the filter %v: %s\nall: %+v\nsome: %+v", a.Exact(), id, wanted, wrong, all, some)
				}
			}
		}
	})
	if left == 0 {
		t.Error("the filters left nothing out")
	}
}

func TestFeed_EveryScenario_AConsumerConcludesWhatACheckAnswers(t *testing.T) {
	files, err := scenario.Find([]string{filepath.Join("..", "scenario", "testdata"), filepath.Join("..", "..", "examples", "scenarios")})
	if err != nil {
		t.Fatal(err)
	}
	seen := compared{}
	for _, file := range files {
		all, err := scenario.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			seen.compareScenario(t, &all[i])
		}
	}
	t.Log(seen)
	for _, code := range []consent.Code{
		consent.CodeAllowConsent, consent.CodeAllowCustomer, consent.CodeAllowTerms, consent.CodeAllowContract, consent.CodeAllowLegal,
		consent.CodeSuppressed, consent.CodeHardBounce, consent.CodeWithdrawn, consent.CodeRefused, consent.CodeObjection, consent.CodeComplaint,
		consent.CodeExternalList, consent.CodeRefusedBefore, consent.CodeHonouredRefusal, consent.CodeNoLegalBasis, consent.CodeRoleAddress,
		consent.CodeChannelRetired,
	} {
		if seen[code] == 0 {
			t.Errorf("no scenario led to %s", code)
		}
	}
}

// compareScenario compares at the time of each check of a scenario, for the address that it asks about.
func (n compared) compareScenario(t *testing.T, s *scenario.Scenario) {
	w := &feedWorld{catalog: s.Catalog, ledger: newLedger()}
	var err error
	if w.worths, err = feed.NewWorths(s.Catalog); err != nil {
		t.Fatal(err)
	}
	for k := range s.Events {
		st := &s.Events[k].Statement
		entry, err := st.Entry(s.Catalog, s.Catalog)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		w.ledger.record(entry, st.Occurred)
		if !entry.With.IsZero() {
			w.ledger.record(entry.OtherSide(), st.Occurred)
		}
	}
	for k := range s.Checks {
		if a, err := address.Parse(s.Checks[k].Address); err == nil {
			n.compare(t, w, a, w.ledger.known(a, s.Checks[k].At), s.Checks[k].At)
		}
	}
}

// TestFeed_ClearingRequired_ClosesMarketing holds that who decides without the server, which alone knows the sends, allows no marketing then.
func TestFeed_ClearingRequired_ClosesMarketing(t *testing.T) {
	for document, want := range map[string]consent.Code{"": "", "sends: {clearing: advised}\n": "", "sends: {clearing: required}\n": consent.CodeNotCleared} {
		worths, err := feed.NewWorths(labWith(t, document))
		if err != nil {
			t.Fatal(err)
		}
		if got := worths.Channel("news").Closed; got != want {
			t.Errorf("%q: the channel is closed by %q, want %q", document, got, want)
		}
		if got := worths.Channel("parcels").Closed; got != "" {
			t.Errorf("%q: a channel that is not marketing is closed by %q", document, got)
		}
	}
}
