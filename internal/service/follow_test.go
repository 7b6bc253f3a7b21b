package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/retention"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// follower keeps the states of all subjects in a plain map, by what the store tells it.
type follower struct {
	t      testing.TB
	store  storage.Store
	mark   storage.Mark
	leaves [][32]byte
	states map[storage.SubjectKey]string
	ever   map[storage.SubjectKey]bool // keys that it was told of
	loads  int
}

func newFollower(t testing.TB, store storage.Store) *follower {
	t.Helper()
	f := &follower{t: t, store: store, ever: map[storage.SubjectKey]bool{}}
	f.load()
	return f
}

// load reads everything anew: the head first.
func (f *follower) load() {
	f.t.Helper()
	f.loads++
	head, err := f.store.Head(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	f.mark = storage.MarkOf(&head)
	if f.leaves = nil; head.Position > 0 {
		_, news, err := f.store.Follow(f.t.Context(), storage.Mark{Revision: head.Revision}, int(head.Position))
		if err != nil {
			f.t.Fatal(err)
		}
		f.leaves = news.Leaves
	}
	f.states = readStates(f.t, f.store)
}

func readStates(t testing.TB, store storage.Store) map[storage.SubjectKey]string {
	t.Helper()
	states := map[storage.SubjectKey]string{}
	const parts = 3
	for part := range parts {
		_, err := store.EachState(t.Context(), storage.SplitIDs(part, parts), func(s storage.KeyedState) error {
			states[s.Key] = string(s.Packed)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return states
}

// catchUp follows until the head, at most limit events at once, and returns the keys that it was told of.
func (f *follower) catchUp(limit int) map[storage.SubjectKey]bool {
	f.t.Helper()
	told := map[storage.SubjectKey]bool{}
	for {
		head, news, err := f.store.Follow(f.t.Context(), f.mark, limit)
		if err != nil {
			f.t.Fatal(err)
		}
		if news.Reload {
			f.load()
			continue
		}
		for _, s := range news.States {
			told[s.Key], f.ever[s.Key] = true, true
			if f.states[s.Key] = string(s.Packed); s.Gone {
				delete(f.states, s.Key)
			}
		}
		f.mark, f.leaves = news.Mark, append(f.leaves, news.Leaves...)
		if f.mark == storage.MarkOf(&head) {
			f.agree(&head)
			return told
		}
	}
}

// agree wants what was taken in to be what the store says now.
func (f *follower) agree(head *storage.Head) {
	f.t.Helper()
	tree, err := ledger.ParseTree(0, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, leaf := range f.leaves {
		tree.Append(leaf)
	}
	if !bytes.Equal(tree.Pack(), head.Tree) {
		f.t.Error("the leaves do not make the tree of the head")
	}
	if diff := cmp.Diff(readStates(f.t, f.store), f.states); diff != "" {
		f.t.Errorf("the states that were followed (-store +follower):\n%s", diff)
	}
	var keys []storage.SubjectKey
	for key := range f.ever {
		keys = append(keys, key)
	}
	_, rows, err := f.store.States(f.t.Context(), keys)
	if err != nil {
		f.t.Fatal(err)
	}
	there := map[storage.SubjectKey]string{}
	for _, row := range rows {
		if row.ID != (consent.SubjectID{}) {
			there[row.Key] = string(row.State.Packed)
		}
	}
	for key := range f.ever {
		want, known := there[key]
		if got, ok := f.states[key]; ok != known || got != want {
			f.t.Errorf("of form %d: %x, %v; a check reads %x, %v", key.Form, got, ok, want, known)
		}
	}
}

// wantTold wants the follower to be told of these forms of an address.
func (f *follower) wantTold(s *Service, address string, forms ...consent.Form) {
	f.t.Helper()
	told := f.catchUp(1000)
	a, err := subjects.ParseAddress(address)
	if err != nil {
		f.t.Fatal(err)
	}
	l := subjects.NewLocator(s.Keys, 1)
	at, err := l.Places(a, true)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, place := range []*subjects.Place{&at.Exact, &at.Folded, &at.Mail} {
		want := false
		for _, form := range forms {
			want = want || form == place.Keys[0].Form
		}
		if told[place.Keys[0]] != want {
			f.t.Errorf("%s: the follower was told of form %d: %v, want %v", address, place.Keys[0].Form, !want, want)
		}
	}
}

func TestFollow_RowsThatChangeWithoutAnEvent_AreTold(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		const other = "berta@example.at"
		s, ctx := w.keeping("requests: P30D")
		at := func(hours int) consent.Instant {
			return consent.InstantOf(start.Add(-time.Duration(hours) * time.Hour))
		}
		w.clock.Advance(time.Second)
		for _, address := range []string{anna, other} {
			w.mustRecord(ctx, s, consentOn("newsletter", address, start.Add(-3*time.Hour)))
		}
		w.optIn(ctx, s, "never@example.at")
		f := newFollower(t, s.Store)

		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindErase, Address: anna})
		f.wantTold(s, anna, consent.FormExact, consent.FormFolded)

		imported, err := s.BatchRecord(ctx, record.Batch{Batch: consent.BatchID{1}, Items: []record.BatchItem{
			{Statement: statement.Statement{Kind: consent.KindErase, Address: other, Occurred: at(2)}},
		}})
		if err != nil || imported[0].Err != nil {
			t.Fatal(err, imported)
		}
		f.wantTold(s, other, consent.FormFolded)
		before := positions(t, s.Store)
		wantRetention(ctx, t, s, false, map[string]int64{retention.Erasures: 1})
		if now := positions(t, s.Store); now != before {
			t.Errorf("%d events were recorded by carrying out an erasure of everything", now-before)
		}
		f.wantTold(s, other, consent.FormExact)

		w.clock.Advance(60 * 24 * time.Hour)
		wantRetention(ctx, t, s, false, map[string]int64{retention.Requests: 2})
		f.wantTold(s, "never@example.at", consent.FormExact)

		moved := w.mustRecord(ctx, s, withdrawal("newsletter", "from@example.at"))
		f.catchUp(10)
		mustMove(ctx, t, w, s, "from@example.at", "to@example.at")
		f.wantTold(s, "to@example.at", consent.FormFolded)
		if _, err := s.Void(ctx, rights.Void{Position: moved.Position, Justification: "a mistake"}); err != nil {
			t.Fatal(err)
		}
		f.wantTold(s, "from@example.at", consent.FormFolded)
		if f.loads != 1 {
			t.Errorf("it was loaded %d times", f.loads)
		}
	})
}

func TestRebuild_ThatChangedAState_HasFollowersReadEverything(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-time.Hour)))
		f := newFollower(t, s.Store)
		rebuild := func(differed int) {
			t.Helper()
			report, err := s.Rebuild(ctx, func(int) {})
			if err != nil || report.Differed != differed {
				t.Fatalf("%+v, %v", report, err)
			}
			f.catchUp(10) //nolint:contextcheck // Reading has the test's own context.
		}
		rebuild(0)
		if f.loads != 1 {
			t.Error("a rebuild that changed nothing had it loaded anew")
		}
		w.raw().exec("UPDATE states SET position = position + 1, state = $1", []byte{9})
		rebuild(1)
		if f.loads != 2 {
			t.Errorf("it was loaded %d times, want twice", f.loads)
		}
	})
}

// story does random things to few addresses.
type story struct {
	w    *world
	s    *Service
	ctx  context.Context
	rt   *rapid.T
	raw  *raw
	name string
	hour int
	// batches is how many batches were left out, or are being left out; imports go into the next one.
	batches int
}

// batch returns the id of one of the batches of the story.
func (o *story) batch(n int) consent.BatchID {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", o.name, n))
	return consent.BatchID(sum[:16])
}

// undo goes on with the undo of the latest batch, or begins that of the next one.
func (o *story) undo() {
	n := o.batches
	if n > 0 && rapid.Bool().Draw(o.rt, "go on") {
		n--
	} else {
		o.batches++
	}
	_, err := o.s.Undoer.Advance(o.ctx, o.batch(n), "the wrong file", rapid.IntRange(-1, 2).Draw(o.rt, "transactions"))
	o.accept(err)
}

func (o *story) address(label string) string {
	return fmt.Sprintf(rapid.SampledFrom([]string{"%s@gmail.com", "%s+a@gmail.com", "b%s@example.at", "c%s@example.at"}).Draw(o.rt, label), o.name)
}

// accept fails for anything but a refusal by rule.
func (o *story) accept(err error) {
	var refused *fault.Error
	if err != nil && !errors.As(err, &refused) {
		o.rt.Fatalf("%v", err)
	}
}

func (o *story) step() {
	o.w.clock.Advance(time.Duration(rapid.IntRange(0, o.hour).Draw(o.rt, "hours")) * time.Hour)
	address := o.address("address")
	switch rapid.SampledFrom([]string{
		"record", "record", "record", "together", "import", "erase", "carry out", "move", "void", "undo", "undo", "request", "retention", "rebuild",
	}).Draw(o.rt, "step") {
	case "record":
		_, err := o.s.Record(o.ctx, o.statement(address), txn.Idempotency{})
		o.accept(err)
	case "together":
		var calls []func() error
		for range 3 {
			st := o.statement(o.address("address"))
			calls = append(calls, func() error { _, err := o.s.Record(o.ctx, st, txn.Idempotency{}); return err })
		}
		for _, err := range inOneTransaction(o.ctx, o.w.t, o.s, calls) {
			o.accept(err)
		}
	case "import":
		in := record.Batch{Batch: o.batch(o.batches)}
		for range rapid.IntRange(1, 6).Draw(o.rt, "items") {
			in.Items = append(in.Items, record.BatchItem{Statement: o.statement(o.address("address"))})
		}
		_, err := o.s.BatchRecord(o.ctx, in)
		o.accept(err)
	case "erase":
		_, err := o.s.Erase(o.ctx, record.Erasure{Address: address})
		o.accept(err)
	case "carry out":
		_, err := o.s.ErasePending(o.ctx, false)
		o.accept(err)
	case "move":
		_, err := o.s.Move(o.ctx, rights.Move{From: address, To: o.address("to"), Justification: "moved"})
		o.accept(err)
	case "void":
		in := rights.Void{Position: rapid.Int64Range(1, positions(o.w.t, o.s.Store)).Draw(o.rt, "position"), Justification: "a mistake"}
		_, err := o.s.Void(o.ctx, in)
		o.accept(err)
	case "undo":
		o.undo()
	case "request":
		_, err := o.s.RequestConsent(o.ctx, record.OptIn{Statement: statement.Statement{
			Kind: consent.KindRequest, Address: address, Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
			Declaration: consent.Declaration{ID: "all-news", Version: "3"},
		}})
		o.accept(err)
	case "retention":
		_, err := o.s.RunRetention(o.ctx, false)
		o.accept(err)
	default:
		o.raw.run("UPDATE states SET position = position + 1 WHERE position % 5 = 1")
		_, err := o.s.Rebuild(o.ctx, func(int) {})
		o.accept(err)
	}
}

func (o *story) statement(address string) statement.Statement {
	at := o.w.clock.Now().Add(-time.Duration(rapid.IntRange(1, 100).Draw(o.rt, "ago")) * time.Hour)
	st := statement.Statement{Address: address, Occurred: consent.InstantOf(at)}
	st.Kind = rapid.SampledFrom([]consent.Kind{
		consent.KindGrant, consent.KindGrant, consent.KindWithdraw, consent.KindSuppress, consent.KindLift, consent.KindErase,
		consent.KindLink, consent.KindUnlink,
	}).Draw(o.rt, "kind")
	switch st.Kind {
	case consent.KindGrant:
		st = consentOn("newsletter", address, at)
		if rapid.Bool().Draw(o.rt, "ends") {
			st.Expires = st.Occurred.Add(time.Hour)
		}
	case consent.KindWithdraw:
		st.Channels = []string{"newsletter"}
	case consent.KindSuppress, consent.KindLift:
		st.Reason = rapid.SampledFrom([]consent.Reason{consent.ReasonHardBounce, consent.ReasonObjection}).Draw(o.rt, "reason")
		if st.Kind == consent.KindSuppress && rapid.Bool().Draw(o.rt, "for a while") {
			st.Expires = st.Occurred.Add(time.Hour)
		}
	case consent.KindLink, consent.KindUnlink:
		for _, other := range []string{o.address("with"), fmt.Sprintf("b%s@example.at", o.name), fmt.Sprintf("c%s@example.at", o.name)} {
			if st.With = other; strings.Contains(address, "@gmail.com") != strings.Contains(other, "@gmail.com") || address[0] != other[0] {
				break // It is another mailbox.
			}
		}
	default: // An erasure says no more.
	}
	return st
}

// After any changes of the store a follower has what a check would read, after every few steps and in pages of any size.
func TestProperty_Follower_HasWhatAChecksReadWouldSay(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("evidence: P2D, requests: P2D, disclosures: P2D, hard_bounces: P3D")
		w.clock.Advance(200 * time.Hour)
		raw := w.raw()
		f := newFollower(t, s.Store)
		w.eachLife(t, 12, func(rt *rapid.T, number int) {
			o := &story{w: w, s: s, ctx: ctx, rt: rt, raw: raw, name: fmt.Sprintf("p%d", number), hour: 40}
			for range rapid.IntRange(1, 12).Draw(rt, "steps") {
				o.step() //nolint:contextcheck // Reading has the test's own context.
				if rapid.IntRange(0, 2).Draw(rt, "follow") == 0 {
					f.catchUp(rapid.IntRange(1, 5).Draw(rt, "limit")) //nolint:contextcheck // Reading has the test's own context.
				}
			}
			f.catchUp(3) //nolint:contextcheck // Reading has the test's own context.
			if t.Failed() {
				rt.Fatal("see above")
			}
		})
	})
}
