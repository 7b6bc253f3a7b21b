package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
)

// modelBatches is how many batches a story of the model has.
const modelBatches = 3

// undoModel holds a service, over which batches are recorded and undone, against services over databases of their own to which some of the
// batches were never recorded: one for each set of batches. At every instant each answer of the service is that of the one that has
// the batches whose undo is not complete.
type undoModel struct {
	w       *world
	ctx     context.Context
	servers []*Service // over the database of the model: by index, by another index, by the database alone
	others  [1 << modelBatches]*Service
	stories int
}

func newUndoModel(t *testing.T, w *world) *undoModel {
	t.Helper()
	one, ctx := w.acme()
	m := &undoModel{w: w, ctx: ctx, servers: []*Service{one, w.service(one.Store, 0), w.bare(one)}}
	for set := range m.others {
		other := newWorld(t, "sqlite")
		other.clock, other.byStore = w.clock, true
		m.others[set], _ = other.acme()
	}
	w.clock.Advance(time.Second)
	return m
}

// undoStory is one random history of a few people.
type undoStory struct {
	*undoModel

	rt       *rapid.T
	stated   []statement.Statement // so far, some of them by several batches
	imported [modelBatches]bool
	undone   [modelBatches]bool
	pending  int  // the batch whose undo is under way; -1: none
	kept     bool // some people kept what an undone batch had recorded of them
	erased   bool
	told     []toldAt
}

// toldAt is what was answered at a position.
type toldAt struct {
	position int64
	at       consent.Instant
	answers  map[string]string
}

func (o *undoStory) batch(n int) consent.BatchID {
	return consent.BatchID{1, byte(n), byte(o.stories >> 8), byte(o.stories)}
}

func (o *undoStory) addresses() []string {
	return []string{
		fmt.Sprintf("m%d@gmail.com", o.stories), fmt.Sprintf("m.%d+tag@gmail.com", o.stories), fmt.Sprintf("a@m%d.example", o.stories),
		fmt.Sprintf("b@m%d.example", o.stories), fmt.Sprintf("c@n%d.example", o.stories),
	}
}

func (o *undoStory) address(label string) string {
	return rapid.SampledFrom(o.addresses()).Draw(o.rt, label)
}

// statement draws a statement, also one that was stated before, with whatever batch or without one.
func (o *undoStory) statement() statement.Statement {
	if len(o.stated) > 0 && rapid.IntRange(0, 2).Draw(o.rt, "again") == 0 {
		return rapid.SampledFrom(o.stated).Draw(o.rt, "the same")
	}
	n := len(o.stated)
	at := o.w.clock.Now().Add(-time.Duration(rapid.IntRange(1, 200).Draw(o.rt, "ago"))*time.Hour + time.Duration(n)*time.Millisecond)
	channel := rapid.SampledFrom([]string{"newsletter", "product-marketing"}).Draw(o.rt, "channel")
	address := o.address("address")
	st := statement.Statement{Address: address, Occurred: consent.InstantOf(at)}
	switch rapid.SampledFrom([]string{"grant", "grant", "withdraw", "suppress", "domain"}).Draw(o.rt, "kind") {
	case "grant":
		st = consentOn(channel, address, at)
	case "withdraw":
		st.Kind, st.Channels = consent.KindWithdraw, []string{channel}
	case "domain":
		st.Address, st.Domain = "", fmt.Sprintf("m%d.example", o.stories)
		fallthrough
	default:
		st.Kind, st.Scope = consent.KindSuppress, consent.ScopeMarketing
		st.Reason = rapid.SampledFrom([]consent.Reason{consent.ReasonManual, consent.ReasonObjection}).Draw(o.rt, "reason")
	}
	st.Note = fmt.Sprintf("no. %d", n)
	o.stated = append(o.stated, st)
	return st
}

// everywhere does something to the service of the model, by any of its servers, and to those of the others that have the batch; -1 is none.
func (o *undoStory) everywhere(batch int, do func(s *Service) error) {
	o.w.clock.Advance(time.Second)
	err := do(o.server())
	for set, other := range o.others {
		if batch >= 0 && set>>batch&1 == 0 {
			continue
		}
		if got := do(other); (got == nil) != (err == nil) {
			o.rt.Fatalf("the service: %v; the one with the batches %b: %v", err, set, got)
		}
	}
}

func (o *undoStory) server() *Service { return rapid.SampledFrom(o.servers).Draw(o.rt, "server") }

func (o *undoStory) step() {
	switch rapid.SampledFrom([]string{"import", "import", "record", "record", "undo", "undo", "undo", "erase", "move", "link", "restart"}).Draw(o.rt, "step") {
	case "import":
		b := rapid.IntRange(0, modelBatches-1).Draw(o.rt, "batch")
		if o.undone[b] || o.pending == b {
			return
		}
		o.imported[b] = true
		in := record.Batch{Batch: o.batch(b)}
		for range rapid.IntRange(1, 5).Draw(o.rt, "rows") {
			in.Items = append(in.Items, record.BatchItem{Statement: o.statement()})
		}
		o.everywhere(b, o.recording(in))
	case "record":
		o.everywhere(-1, o.recording(record.Batch{Items: []record.BatchItem{{Statement: o.statement()}}}))
	case "undo":
		o.undo(1)
	case "erase":
		o.erased = true
		address, reach := o.address("erased"), rapid.IntRange(0, 100).Draw(o.rt, "hours ago")
		until := consent.InstantOf(o.w.clock.Now().Add(-time.Duration(reach) * time.Hour))
		o.everywhere(-1, o.recording(record.Batch{Items: []record.BatchItem{{
			Statement: statement.Statement{Kind: consent.KindErase, Address: address, Occurred: until},
		}}}))
		o.everywhere(-1, func(s *Service) error { _, err := s.ErasePending(o.ctx, false); return err })
	case "move":
		in := rights.Move{From: o.address("from"), To: o.address("to"), Justification: "moved"}
		o.everywhere(-1, func(s *Service) error { _, err := s.Move(o.ctx, in); return err })
	case "link":
		st := linking(consent.KindLink, o.address("one"), o.address("with"))
		st.Occurred = consent.InstantOf(o.w.clock.Now())
		o.everywhere(-1, o.recording(record.Batch{Items: []record.BatchItem{{Statement: st}}}))
	default:
		o.servers[2] = o.w.bare(o.servers[0]) // A server that begins in the middle.
	}
}

func (o *undoStory) recording(in record.Batch) func(*Service) error {
	return func(s *Service) error {
		return errorOf(s.BatchRecord(o.ctx, in))
	}
}

// undo goes on with the undo that is pending, or begins one.
func (o *undoStory) undo(steps int) {
	if o.pending < 0 {
		b := rapid.IntRange(0, modelBatches-1).Draw(o.rt, "undone")
		if o.undone[b] || !o.imported[b] {
			return
		}
		o.pending = b
	}
	o.w.clock.Advance(time.Second)
	got, err := o.server().Undoer.Advance(o.ctx, o.batch(o.pending), whyUndone, steps)
	if isFault(err, fault.NotVoidable) { // All that the batch states was known without it.
		o.pending = -1
		return
	}
	if err != nil {
		o.rt.Fatalf("undo: %v", err)
	}
	if got.Complete {
		o.undone[o.pending], o.pending = true, -1
		o.kept = o.kept || got.Kept > 0
	}
}

// answers returns what a service answers about everybody.
func (o *undoStory) answers(s *Service, m asof.Moment) map[string]string {
	all := map[string]string{}
	for _, channel := range []string{"newsletter", "product-marketing"} {
		for _, address := range o.addresses() {
			in := check.Input{Address: address, Request: consent.Request{Channel: channel}, Moment: m}
			if m == (asof.Moment{}) {
				in.Consistency = o.w.latest(o.ctx, s)
			}
			got, err := s.Check(o.ctx, in)
			if err != nil {
				o.rt.Fatalf("check: %v", err)
			}
			codes := slices.Sorted(slices.Values(got.Reasons)) // They are shared.
			all[channel+" "+address] = fmt.Sprint(got.Verdict, got.Reason, codes)
		}
	}
	return all
}

// compare wants the answers of the service, by each way to read, to be those of the service that has what was not undone.
func (o *undoStory) compare() {
	o.w.clock.Advance(time.Second)
	set := 0
	for b, undone := range o.undone {
		if !undone {
			set |= 1 << b
		}
	}
	want := o.answers(o.others[set], asof.Moment{})
	for i, s := range o.servers {
		got := o.answers(s, asof.Moment{})
		if o.kept { // A refusal that stays may deny more, and nothing else may be otherwise.
			for of, answer := range want {
				if strings.HasPrefix(answer, "DENY") && !strings.HasPrefix(got[of], "DENY") {
					o.rt.Fatalf("server %d: %s: %s, want %s", i, of, got[of], answer)
				}
			}
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			o.rt.Fatalf("server %d, batches that count %b, undo pending of %d (-as recorded +got):\n%s", i, set, o.pending, diff)
		}
	}
	o.told = append(o.told, toldAt{o.w.latest(o.ctx, o.servers[0]).AtLeast, consent.InstantOf(o.w.clock.Now()), want})
}

func TestUndo_AtEveryStep_EachAnswerIsWithAllOfABatchOrWithoutIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		m := newUndoModel(t, w)
		rapid.Check(t, func(rt *rapid.T) {
			if m.stories++; m.stories > 40 || w.url != "" && m.stories > 12 {
				return // Each of them takes a while.
			}
			w.endUndo(m.ctx, m.servers[0]) // Of a story that was given up.
			o := &undoStory{undoModel: m, rt: rt, pending: -1}
			for range rapid.IntRange(3, 12).Draw(rt, "steps") {
				o.step()
				o.compare()
			}
			for o.pending >= 0 {
				o.undo(1)
				o.compare()
			}
			for i := range o.told {
				past := &o.told[i]
				if o.erased || o.kept {
					break // An erasure rewrites what was known.
				}
				got := o.answers(o.servers[0], asof.Moment{AsOf: past.at, KnownAsOf: asof.KnownAsOf{Position: past.position}})
				if diff := cmp.Diff(past.answers, got); diff != "" {
					rt.Fatalf("as of position %d (-then +now):\n%s", past.position, diff)
				}
			}
		})
		sound(t, w, m.servers[0])
	})
}

// While an undo runs, and others write, no check sees a part of the batch.
func TestUndo_WhileItRuns_NoCheckSeesAPartOfTheBatch(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := newPair(t, w)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		batch := consent.BatchID{7}
		const people = 30
		for n := range people {
			// Without the batch: no basis. With it: withdrawn. With the refusal alone left out: allowed.
			w.mustImport(ctx, p.one, batch, consentOn("newsletter", undoPerson(n), start.AddDate(0, 0, -3)), daysAgo(withdrawal("newsletter", undoPerson(n)), 1))
		}
		var ended atomic.Bool
		failed := make(chan error, 1)
		go func() {
			defer ended.Store(true)
			_, err := p.one.Undoer.Run(ctx, batch, whyUndone)
			failed <- err
		}()
		asks := 0
		for last := false; !last; asks++ {
			last = ended.Load()
			got, err := p.two.BatchCheck(ctx, check.BatchInput{
				Addresses: peopleOf(people), Request: consent.Request{Channel: "newsletter"}, Consistency: w.latest(ctx, p.two),
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Outcomes) != 1 {
				t.Fatalf("one batch of checks has %d outcomes", len(got.Outcomes))
			}
			if code := got.Outcomes[0].Decision.Reason; code != consent.CodeWithdrawn && code != consent.CodeNoLegalBasis {
				t.Fatalf("%s: neither with the batch nor without it", code)
			}
		}
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
		if asks < 3 {
			t.Logf("%d checks only while the undo ran", asks)
		}
		sound(t, w, p.one)
	})
}

func peopleOf(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = undoPerson(i)
	}
	return all
}
