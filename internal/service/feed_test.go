package service

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
)

// held is what a program holds that applies the feed: the rules of each card, by what an entry says of them.
type held map[string]map[string]feed.Held

// cardOf names the card that an entry is about.
func cardOf(e *changes.Entry) string { return fmt.Sprintf("%d %s%s", e.Match, e.Address, e.Hash) }

// apply does with the entries what docs/change-feed.md says.
func (h held) apply(t testing.TB, entries []changes.Entry) {
	t.Helper()
	for i := range entries {
		e := &entries[i]
		card := cardOf(e)
		switch {
		case e.Change == changes.Reset, e.Kind == changes.KindAddress:
			delete(h, card)
		case e.Change == changes.Kept && !h.hasSpelling(e.Address):
		case e.Change == changes.Added, e.Change == changes.Kept:
			if h[card] == nil {
				h[card] = map[string]feed.Held{}
			}
			h[card][ruleOf(e)] = feed.Held{
				Kind: e.Kind, Stops: e.Stops, EndedBy: e.EndedBy, EndsRefusal: e.Rule.EndsRefusal, EndsHonoured: e.Rule.EndsHonoured,
				EndsObjection: e.Rule.EndsObjection, Imported: e.Rule.Imported, Channel: e.Rule.Channel, Reason: e.Reason, Scope: e.Rule.Scope,
				Order: e.Order, From: e.Rule.From, Until: e.Rule.Until,
			}
		default:
			if _, ok := h[card][ruleOf(e)]; !ok && h[card] != nil {
				t.Errorf("a rule is removed that is not held: %s %s", card, ruleOf(e))
			}
			delete(h[card], ruleOf(e))
			if len(h[card]) == 0 {
				delete(h, card)
			}
		}
	}
}

// hasSpelling reports whether rules of an address with the folded form are held.
func (h held) hasSpelling(folded string) bool {
	for card := range h {
		if text, ok := strings.CutPrefix(card, plainName(consent.FormExact, "")); ok {
			if a, err := address.Parse(text); err == nil && a.Folded() == folded {
				return true
			}
		}
	}
	return false
}

func ruleOf(e *changes.Entry) string {
	r := e.Rule
	r.Reason = "" // It is not told.
	return fmt.Sprintf("%d %+v %s %d", e.Kind, r, e.Reason, e.Order)
}

// text returns what is held, in order.
func (h held) text() []string {
	var lines []string
	for card, rules := range h {
		for rule := range rules {
			lines = append(lines, card+": "+rule)
		}
	}
	slices.Sort(lines)
	return lines
}

// feedReader reads the feed as a program does.
type feedReader struct {
	s     *Service
	ctx   context.Context
	in    changes.Request
	holds held
	name  func(consent.Form, string) string // of a card
}

// next reads a page.
func (r *feedReader) next(t testing.TB) (more bool) {
	t.Helper()
	p, err := r.s.ListChanges(r.ctx, r.in)
	if err != nil {
		t.Fatalf("list changes: %v", err)
	}
	r.holds.apply(t, p.Entries)
	r.in.From = p.Token
	return p.More
}

// snapshot begins anew; between is called after each part.
func (r *feedReader) snapshot(t testing.TB, between func()) {
	t.Helper()
	r.holds = held{}
	err := r.s.ExportSuppressions(r.ctx, r.in, func(p changes.Part) error {
		r.holds.apply(t, p.Entries)
		if p.Token != "" {
			r.in.From = p.Token
		}
		between()
		return nil
	})
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
}

// cards returns the cards of an address.
func (r *feedReader) cards(a address.Address) *feed.Cards {
	list := func(match consent.Form, text string) (rules []feed.Held) {
		for _, rule := range r.holds[r.name(match, text)] {
			rules = append(rules, rule)
		}
		return rules
	}
	c := &feed.Cards{Exact: list(consent.FormExact, a.Exact()), Folded: list(consent.FormFolded, a.Folded())}
	for _, domain := range a.Domains() {
		c.Domains = append(c.Domains, list(consent.FormDomain, domain))
	}
	return c
}

// heldOf returns what is held of an address.
func (r *feedReader) heldOf(a address.Address) []string {
	of := held{}
	for match, text := range map[consent.Form]string{consent.FormExact: a.Exact(), consent.FormFolded: a.Folded()} {
		of[plainName(match, text)] = r.holds[r.name(match, text)]
	}
	return of.text()
}

// plainName names a card of a reader that sees addresses.
func plainName(match consent.Form, text string) string { return fmt.Sprintf("%d %s", match, text) }

// reader returns a reader from the beginning: of a registered consumer of the form, or in clear without one.
func (w *world) reader(ctx context.Context, s *Service, id string, form consumers.Form) *feedReader {
	w.t.Helper()
	r := &feedReader{s: s, ctx: w.syncClient(ctx, s, id, ""), name: plainName, holds: held{}}
	r.in.From = changes.FromBeginning
	if form == "" {
		return r
	}
	made := w.consumer(ctx, s, id, id, form)
	r.in.Consumer = id
	if form == consumers.FormKeyed {
		r.name = keyedName(w.t, s, made.Key)
	}
	return r
}

// keyedName names the cards of a keyed consumer, as the documentation says.
func keyedName(t testing.TB, s *Service, text string) func(consent.Form, string) string {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "assent-list-key-1:"))
	if err != nil {
		t.Fatal(err)
	}
	key := decoded[32:64]
	return func(match consent.Form, text string) string {
		inner, err := s.Keys.ListHash(match, text)
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(inner[:])
		return fmt.Sprintf("%d %s", match, hex.EncodeToString(mac.Sum(nil)))
	}
}

// difference says where the reader concludes otherwise on a channel than a check answers, for every spelling; empty: nowhere.
func (r *feedReader) difference(l *lived, life *erasedLife) string {
	t := l.rt
	head, err := l.s.Store.Head(l.ctx)
	if err != nil {
		t.Fatal(err)
	}
	versions, err := l.s.reference.Catalogs.UpTo(l.ctx, &head)
	if err != nil {
		t.Fatal(err)
	}
	worths, err := feed.NewWorths(versions[len(versions)-1].Parsed)
	if err != nil {
		t.Fatal(err)
	}
	for _, spelling := range life.spellings {
		a, err := address.Parse(fmt.Sprintf(spelling, l.name))
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range worths.Channels() {
			if info.Class != "marketing" {
				continue // A check needs a reference there.
			}
			want := asked(l.ctx, l.w.t, l.s, info.Channel, a.Exact(), asof.Moment{})
			got := info.Evaluate(r.cards(a), a.Role(), want.Decided)
			if got.Allowed != (want.Verdict == consent.Allow) {
				return fmt.Sprintf("%s on %s: the reader says %v %s, a check %s\nheld: %s", spelling, info.Channel, got.Allowed, got.Reason,
					want.Reason, strings.Join(r.heldOf(a), "\n"))
			}
		}
	}
	return ""
}

func TestFeed_AppliedToNothing_IsWhatChecksAnswer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		readers := map[string]*feedReader{
			"plain": w.reader(ctx, s, "plain", consumers.FormPlain), "unregistered": w.reader(ctx, s, "unregistered", ""),
			"keyed": w.reader(ctx, s, "keyed", consumers.FormKeyed),
		}
		names := []string{"keyed", "plain", "unregistered"}
		count := 0
		rapid.Check(t, func(rt *rapid.T) {
			count++
			life := drawLife(rt, w.clock.Now())
			all := life.statements
			l := &lived{w: w, s: s, ctx: ctx, rt: rt, name: fmt.Sprintf("feed%d", count)}
			for len(life.statements) > 0 {
				n := rapid.IntRange(1, len(life.statements)).Draw(rt, "so many")
				part := erasedLife{spellings: life.spellings, statements: life.statements[:n]}
				life.statements = life.statements[n:]
				l.arrive(&part)
				w.clock.Advance(time.Second)
				r := readers[rapid.SampledFrom(names).Draw(rt, "reader")]
				r.in.Size = rapid.SampledFrom([]int{1, 2, 7, 100}).Draw(rt, "size")
				if rapid.IntRange(0, 5).Draw(rt, "snapshot") == 0 {
					r.snapshot(t, func() {})
				} else {
					r.next(t)
				}
			}
			l.carryOut()
			for _, name := range names {
				r := readers[name]
				for r.next(t) {
				}
				if text := r.difference(l, &life); text != "" {
					rt.Fatalf("of the reader %s: %s\nrecorded: %s", name, text, shortLife(all))
				}
			}
		})
	})
}

func shortLife(list []statement.Statement) string {
	var lines []string
	for _, st := range list {
		lines = append(lines, fmt.Sprintf("%s %s %s %v %s at %s", st.Kind, st.Address, st.Basis, st.Channels, st.Reason, st.Occurred))
	}
	return strings.Join(lines, "\n")
}
