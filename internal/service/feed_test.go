package service

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/suppressionfilter"
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
	return fmt.Sprintf("%d %+v %s %d %d %d", e.Kind, e.Rule, e.Reason, e.Order, e.EndedBy, e.Stops)
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
	days  bool                              // ends are told as days: the reader denies longer
	only  string                            // the one channel that it reads; empty: all
}

// hasEnd reports whether a rule that is held of an address ends.
func (r *feedReader) hasEnd(a address.Address) bool {
	cards := r.cards(a)
	return slices.ContainsFunc(slices.Concat(append(cards.Domains, cards.Exact, cards.Folded)...), func(h feed.Held) bool { return h.Until != 0 })
}

// next reads a page.
func (r *feedReader) next(t testing.TB) (more bool) {
	t.Helper()
	p, err := r.s.ListChanges(r.ctx, r.in)
	if err != nil {
		t.Fatalf("list changes: %v", err)
	}
	if slices.ContainsFunc(p.Entries, func(e changes.Entry) bool { return e.Change == changes.Reset && e.Match == 0 }) {
		r.snapshot(t, func() {}) // Of a channel: what is held is worth nothing.
		return true
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
		r.name, r.days = keyedName(w.t, made.Key), true
		r.snapshot(w.t, func() {}) // It cannot begin at the beginning.
	}
	return r
}

// keyedName names the cards of a keyed consumer, as the documentation says.
func keyedName(t testing.TB, text string) func(consent.Form, string) string {
	t.Helper()
	key, err := suppressionfilter.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return func(match consent.Form, text string) string {
		by := map[consent.Form]suppressionfilter.Match{
			consent.FormExact: suppressionfilter.MatchExact, consent.FormFolded: suppressionfilter.MatchFolded,
			consent.FormDomain: suppressionfilter.MatchDomain,
		}
		hash := key.Hash(by[match], text)
		return fmt.Sprintf("%d %s", match, hex.EncodeToString(hash[:]))
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
		if l.name != "" {
			spelling = fmt.Sprintf(spelling, l.name)
		}
		a, err := address.Parse(spelling)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range worths.Channels() {
			if info.Class != "marketing" || r.only != "" && info.Channel != r.only {
				continue // A check needs a reference for other classes.
			}
			want := asked(l.ctx, l.w.t, l.s, info.Channel, a.Exact(), asof.Moment{})
			got := info.Evaluate(r.cards(a), a.Role(), want.Decided)
			allowed := want.Verdict == consent.Allow
			deniesLonger := r.days && allowed && r.hasEnd(a)
			if got.Allowed != allowed && !deniesLonger {
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
		w.eachLife(t, 20, func(rt *rapid.T, number int) {
			life := drawLife(rt, w.clock.Now())
			all := life.statements
			l := &lived{w: w, s: s, ctx: ctx, rt: rt, name: fmt.Sprintf("feed%d", number)}
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

// feedMailboxes are addresses that a random history is about: two spellings of one mailbox, a tagged one, and others.
func feedMailboxes(n int) []string {
	return []string{
		fmt.Sprintf("life%d@gmail.com", n), fmt.Sprintf("li.fe%d@gmail.com", n), fmt.Sprintf("life%d+tag@gmail.com", n),
		fmt.Sprintf("life%d@mail%d.example", n, n), fmt.Sprintf("other%d@mail%d.example", n, n),
	}
}

// batch returns the id of the batch that imports of the life with a number go into, until it is undone.
func (l *lived) batch(n int) consent.BatchID {
	return consent.BatchID{2, byte(n >> 8), byte(n), byte(l.batches)}
}

// say records a statement by itself or with the batch.
func (l *lived) say(st statement.Statement, n int) error {
	if rapid.Bool().Draw(l.rt, "alone") {
		_, err := l.s.Record(l.ctx, st, txn.Idempotency{})
		return err
	}
	return errorOf(l.s.BatchRecord(l.ctx, record.Batch{Batch: l.batch(n), Items: []record.BatchItem{{Statement: st}}}))
}

// lifeStep does one random thing to the addresses.
func (l *lived) lifeStep(addresses []string, n int) {
	address, other := rapid.SampledFrom(addresses).Draw(l.rt, "address"), rapid.SampledFrom(addresses).Draw(l.rt, "other")
	channel := rapid.SampledFrom([]string{"newsletter", "product-marketing"}).Draw(l.rt, "channel")
	at := l.w.clock.Now().Add(-time.Duration(rapid.IntRange(0, 72).Draw(l.rt, "hours ago")) * time.Hour)
	st := statement.Statement{Address: address, Occurred: consent.InstantOf(at), Note: "a note"}
	var err error
	switch what := rapid.SampledFrom([]string{
		"grant", "grant", "grant", "withdraw", "suppress", "suppress", "domain", "lift", "erase", "link", "unlink", "void", "undo", "undo", "move", "retention", "later",
	}).Draw(l.rt, "what"); what {
	case "grant":
		err = l.say(consentOn(channel, address, at), n)
	case "withdraw":
		st.Kind, st.Channels = consent.KindWithdraw, []string{channel}
		err = l.say(st, n)
	case "suppress", "domain", "lift":
		st.Kind = consent.KindSuppress
		st.Reason = rapid.SampledFrom([]consent.Reason{
			consent.ReasonHardBounce, consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonLegalBlock, consent.ReasonProcessingRestricted,
		}).Draw(l.rt, "reason")
		if what == "domain" {
			st.Address, st.Domain = "", fmt.Sprintf("mail%d.example", n)
		}
		if what == "lift" {
			st.Kind, st.Justification = consent.KindLift, "a mistake"
			if st.Reason == consent.ReasonProcessingRestricted {
				st.Informed = st.Occurred
			}
		} else if rapid.Bool().Draw(l.rt, "ends") {
			st.Expires = consent.InstantOf(l.w.clock.Now().Add(time.Hour))
		}
		err = l.say(st, n)
	case "erase":
		st.Kind = consent.KindErase
		_, err = l.s.Record(l.ctx, st, txn.Idempotency{})
	case "link", "unlink":
		kind := map[string]consent.Kind{"link": consent.KindLink, "unlink": consent.KindUnlink}[what]
		_, err = l.s.Record(l.ctx, linking(kind, address, other), txn.Idempotency{})
	case "void":
		head, headErr := l.s.Store.Head(l.ctx)
		if headErr != nil {
			l.rt.Fatal(headErr)
		}
		position := head.Position - int64(rapid.IntRange(0, 8).Draw(l.rt, "back"))
		_, err = l.s.Void(l.ctx, rights.Void{Position: max(position, 1), Justification: "a mistake"})
	case "undo":
		done, undoErr := l.s.Undoer.Advance(l.ctx, l.batch(n), whyUndone, rapid.IntRange(1, 3).Draw(l.rt, "transactions"))
		if err = undoErr; done.Complete {
			l.batches++
		}
	case "move":
		_, err = l.s.Move(l.ctx, rights.Move{From: address, To: other, Justification: "a new address"})
	case "retention":
		_, err = l.s.RunRetention(l.ctx, false)
	case "later":
		l.w.clock.Advance(2 * time.Hour)
	}
	l.w.clock.Advance(time.Second)
	if refused := (*fault.Error)(nil); err != nil && !errors.As(err, &refused) {
		l.rt.Fatalf("%v", err)
	}
}

func TestFeed_OfRandomHistories_IsWhatChecksAnswer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		readers := map[string]*feedReader{
			"plain": w.reader(ctx, s, "plain", consumers.FormPlain), "unregistered": w.reader(ctx, s, "unregistered", ""),
			"keyed": w.reader(ctx, s, "keyed", consumers.FormKeyed),
			"desk": {
				s: s, ctx: w.syncClient(ctx, s, "desk", "newsletter-desk"), name: plainName, holds: held{}, only: "newsletter",
				in: changes.Request{From: changes.FromBeginning},
			},
		}
		names := []string{"desk", "keyed", "plain", "unregistered"}
		w.eachLife(t, 20, func(rt *rapid.T, n int) {
			addresses := feedMailboxes(n)
			l := &lived{w: w, s: s, ctx: ctx, rt: rt}
			for range rapid.IntRange(3, 30).Draw(rt, "steps") {
				l.lifeStep(addresses, n)
				if rapid.IntRange(0, 2).Draw(rt, "read") > 0 {
					continue
				}
				r := readers[rapid.SampledFrom(names).Draw(rt, "reader")]
				r.in.Size = rapid.SampledFrom([]int{1, 2, 7, 100}).Draw(rt, "size")
				if rapid.IntRange(0, 9).Draw(rt, "snapshot") == 0 {
					r.snapshot(t, func() { l.lifeStep(addresses, n) })
				} else {
					r.next(t)
				}
			}
			w.endUndo(ctx, s)
			for _, name := range names {
				r := readers[name]
				for r.next(t) {
				}
				if text := r.difference(l, &erasedLife{spellings: addresses}); text != "" {
					rt.Fatalf("of the reader %s: %s", name, text)
				}
			}
		})
	})
}

func TestFeed_RulesThatComeAndGoDuringASnapshot_AreForgotten(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		void := func(last int64) {
			t.Helper()
			w.clock.Advance(time.Second)
			if _, err := s.Void(ctx, rights.Void{Position: last, Justification: "a mistake"}); err != nil {
				t.Fatal(err)
			}
		}
		record := func(st statement.Statement) int64 {
			t.Helper()
			w.clock.Advance(time.Second)
			w.mustRecord(ctx, s, st)
			head, err := s.Store.Head(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return head.Position
		}
		bounce := statement.Statement{Kind: consent.KindSuppress, Address: "an.na@gmail.com", Reason: consent.ReasonHardBounce}
		first := record(bounce)
		void(first)
		for name, department := range map[string]string{"narrow": "newsletter-desk", "wide": ""} {
			r := &feedReader{s: s, ctx: w.syncClient(ctx, s, name, department), name: plainName}
			var positions []int64
			told, part := 0, 0
			r.snapshot(t, func() {
				switch part++; {
				case part == 1:
					positions = append(positions, record(bounce), record(withdrawal("newsletter", "bert@example.com")))
					record(withdrawal("product-marketing", "carl@example.com"))
				case len(r.holds) > 0 && told == 0:
					told = len(r.holds)
					head, err := s.Store.Head(ctx)
					if err != nil {
						t.Fatal(err)
					}
					for _, position := range append(positions, head.Position) {
						void(position)
					}
				}
			})
			if told < 2 {
				t.Fatalf("%s: the snapshot told of %d cards", name, told)
			}
			p, err := s.ListChanges(r.ctx, r.in)
			if err != nil {
				t.Fatal(err)
			}
			if r.holds.apply(t, p.Entries); len(r.holds.text()) != 0 {
				t.Errorf("%s: it still holds %v", name, r.holds.text())
			}
			if department != "" && slices.ContainsFunc(p.Entries, func(e changes.Entry) bool { return e.Address == "carl@example.com" }) {
				t.Errorf("%s: it is told of an address of another department: %+v", name, p.Entries)
			}
		}
	})
}

func shortLife(list []statement.Statement) string {
	var lines []string
	for _, st := range list {
		lines = append(lines, fmt.Sprintf("%s %s %s %v %s at %s", st.Kind, st.Address, st.Basis, st.Channels, st.Reason, st.Occurred))
	}
	return strings.Join(lines, "\n")
}
