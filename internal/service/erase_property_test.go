package service

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/scenario"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/testkit"
)

// erasedLife is a random life of one mailbox in several spellings, some of which are erased, as statements without a name in them.
type erasedLife struct {
	spellings  []string
	statements []statement.Statement
}

// drawLife draws statements of the last days, many of them of one instant, most of them about few spellings.
func drawLife(rt *rapid.T, now time.Time) erasedLife {
	l := erasedLife{spellings: []string{"%s@gmail.com", "%s+tag@gmail.com", "%s@googlemail.com"}}
	for range rapid.IntRange(2, 14).Draw(rt, "statements") {
		channel := rapid.SampledFrom([]string{"newsletter", "newsletter", "product-marketing"}).Draw(rt, "channel")
		address := rapid.SampledFrom(l.spellings).Draw(rt, "spelling")
		at := now.Add(-time.Duration(rapid.IntRange(1, 12).Draw(rt, "hours ago")) * time.Hour)
		kind := rapid.SampledFrom([]consent.Kind{
			consent.KindGrant, consent.KindGrant, consent.KindGrant, consent.KindRequest, consent.KindConfirm, consent.KindWithdraw,
			consent.KindSuppress, consent.KindLift, consent.KindErase, consent.KindErase,
		}).Draw(rt, "kind")
		st := statement.Statement{Kind: kind, Address: address, Occurred: consent.InstantOf(at), Note: "a note"}
		switch kind {
		case consent.KindGrant:
			st = consentOn(channel, address, at)
			if channel == "product-marketing" && rapid.Bool().Draw(rt, "customer") {
				st.Basis, st.Declaration, st.Confirmed = catalog.BasisExistingCustomer, consent.Declaration{}, 0
				st.TransactionID, st.Notice, st.Goods = "order-1", true, []string{"coffee"}
			}
		case consent.KindRequest:
			st.Channels, st.Source = []string{channel}, consent.SourceWebForm
			st.Declaration = consent.Declaration{ID: "all-news", Version: "3"}
		case consent.KindConfirm, consent.KindWithdraw:
			st.Channels = []string{channel}
		case consent.KindSuppress, consent.KindLift:
			st.Reason = rapid.SampledFrom([]consent.Reason{
				consent.ReasonHardBounce, consent.ReasonObjection, consent.ReasonComplaint,
			}).Draw(rt, "reason")
		default: // An erasure says no more.
		}
		l.statements = append(l.statements, st)
	}
	return l
}

// named returns a statement about the mailbox of the name.
func Named(st statement.Statement, name string) statement.Statement {
	st.Address = fmt.Sprintf(st.Address, name)
	return st
}

// lived is a life as it arrived at a service under a name of its own.
type lived struct {
	w    *world
	s    *Service
	ctx  context.Context
	rt   *rapid.T
	name string
	// batches is how many batches were undone.
	batches int
}

// arrive has the statements arrive in a random order, in parts of random sizes: as imports, singly, or several in one transaction;
// erasures that were imported are carried out now and then.
func (l *lived) arrive(life *erasedLife) {
	order := rapid.Permutation(life.statements).Draw(l.rt, "order")
	for len(order) > 0 {
		n := rapid.IntRange(1, min(5, len(order))).Draw(l.rt, "part")
		part := order[:n]
		order = order[n:]
		switch rapid.SampledFrom([]string{"import", "import", "together"}).Draw(l.rt, "way") {
		case "import":
			l.imported(part)
		default:
			l.together(part)
		}
		if rapid.IntRange(0, 2).Draw(l.rt, "carry out") == 0 {
			l.carryOut()
		}
	}
}

func (l *lived) imported(part []statement.Statement) {
	in := record.Batch{Batch: consent.BatchID{9}}
	for _, st := range part {
		in.Items = append(in.Items, record.BatchItem{Statement: Named(st, l.name)})
	}
	results, err := l.s.BatchRecord(l.ctx, in)
	if err != nil {
		l.rt.Fatalf("import: %v", err)
	}
	for i := range results {
		if results[i].Err != nil {
			l.accept(results[i].Err)
		}
	}
}

// accept fails for any refusal but those of what was erased, or of a lift of nothing.
func (l *lived) accept(err error) {
	switch refused, _ := err.(*fault.Error); { //nolint:errorlint // As a service returns it.
	case refused == nil:
		l.rt.Errorf("%v", err)
	case refused.Code == fault.ErasedBefore:
	default:
		l.rt.Errorf("refused: %v", err)
	}
}

// together records what can be recorded singly in one transaction, in order, with erasures carried out at once; lifts and what
// only imports bring after it.
func (l *lived) together(part []statement.Statement) {
	var rest []statement.Statement
	var calls []func() error
	for _, st := range part {
		if st.Kind == consent.KindLift || st.Kind == consent.KindRequest || st.Kind == consent.KindConfirm {
			rest = append(rest, st)
			continue
		}
		calls = append(calls, func() error {
			_, err := l.s.Record(l.ctx, Named(st, l.name), txn.Idempotency{})
			return err
		})
	}
	for _, err := range inOneTransaction(l.ctx, l.w.t, l.s, calls) {
		if err != nil {
			l.accept(err)
		}
	}
	l.imported(rest)
}

// inOneTransaction makes calls, each of which writes once, at the same time, and has them committed in one transaction in their order.
func inOneTransaction(ctx context.Context, t testing.TB, s *Service, calls []func() error) []error {
	t.Helper()
	if err := s.Flush(ctx); err != nil { // An erasure stores the counts first, and would wait for the lock before it is queued.
		t.Fatal(err)
	}
	if len(calls) == 0 {
		return nil
	}
	started, release := make(chan struct{}), make(chan struct{})
	start := sync.OnceFunc(func() { close(started) })
	var all sync.WaitGroup
	all.Go(func() {
		hold := txn.Write{Run: func(*txn.Tx) error { start(); <-release; return nil }}
		if err := s.engine.Do(ctx, &hold); err != nil {
			t.Error(err)
		}
	})
	<-started
	errs := make([]error, len(calls))
	var ended atomic.Int32 // What is refused before it is queued does not wait.
	for i, call := range calls {
		all.Go(func() { errs[i] = call(); ended.Add(1) })
		testkit.Eventually(t, time.Minute, "a write waits", func() bool {
			urgent, _ := s.engine.Queued()
			return urgent+int(ended.Load()) == i+1
		})
	}
	close(release)
	all.Wait()
	return errs
}

func (l *lived) carryOut() {
	if _, err := l.s.ErasePending(l.ctx, false); err != nil {
		l.rt.Fatalf("carry out erasures: %v", err)
	}
}

// answers asks about every spelling on every channel, now and as of an instant after everything.
func (l *lived) answers(life *erasedLife) map[string]scenario.Got {
	got := map[string]scenario.Got{}
	for _, spelling := range life.spellings {
		for _, channel := range []string{"newsletter", "product-marketing", "order-updates"} {
			strict := asked(l.ctx, l.w.t, l.s, channel, fmt.Sprintf(spelling, l.name), asof.Moment{})
			got[spelling+" "+channel] = scenario.GotDecision(&strict.Decision)
			past := asked(l.ctx, l.w.t, l.s, channel, fmt.Sprintf(spelling, l.name), asof.Moment{AsOf: strict.Decided - 1})
			if diff := cmp.Diff(got[spelling+" "+channel], scenario.GotDecision(&past.Decision)); diff != "" {
				l.rt.Errorf("%s on %s: the states and a fold of the events differ (-states +events):\n%s", spelling, channel, diff)
			}
		}
	}
	return got
}

// logical is what the rules answer from the statements alone, nothing of which was ever erased from anywhere.
func logical(t testing.TB, life *erasedLife, now time.Time) map[string]scenario.Got {
	t.Helper()
	parsed, _, err := catalog.Parse("catalog", []byte(acme(t)))
	if err != nil {
		t.Fatal(err)
	}
	story := &scenario.Scenario{Name: "a life", Catalog: parsed}
	for _, st := range life.statements {
		story.Events = append(story.Events, scenario.Event{Statement: Named(st, "logical")})
	}
	var names []string
	for _, spelling := range life.spellings {
		for _, channel := range []string{"newsletter", "product-marketing", "order-updates"} {
			names = append(names, spelling+" "+channel)
			story.Checks = append(story.Checks, scenario.Check{
				At: consent.InstantOf(now), Address: fmt.Sprintf(spelling, "logical"), Request: consent.Request{Channel: channel},
			})
		}
	}
	want := map[string]scenario.Got{}
	for i, r := range scenario.RunCore(story) {
		if r.Refused != nil {
			t.Fatal(r.Refused)
		}
		want[names[i]] = r.Got
	}
	return want
}

// Whatever arrives in whatever order, and whenever erasures are carried out: what is answered in the end is what the rules say of all
// that was ever stated.
func TestProperty_ErasedPhysically_AnswersAsIfErasedLogically(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.clock.Advance(time.Second)
		w.eachLife(t, 12, func(rt *rapid.T, number int) {
			life := drawLife(rt, start.Add(-time.Hour))
			want := logical(t, &life, w.clock.Now())
			for arrival := range 2 {
				l := &lived{w: w, s: s, ctx: ctx, rt: rt, name: fmt.Sprintf("p%dn%d", number, arrival)}
				before, err := s.Store.Head(ctx)
				if err != nil {
					rt.Fatal(err)
				}
				l.arrive(&life)
				for _, when := range []string{"before", "after"} {
					if diff := cmp.Diff(want, l.answers(&life), cmpopts.EquateEmpty()); diff != "" {
						rt.Errorf("arrival %d, %s the last erasures are carried out (-logical +physical):\n%s", arrival, when, diff)
					}
					l.carryOut()
				}
				l.noGrantIsLeft(&life, before.Position) //nolint:contextcheck // It reads with the test's own context.
			}
		})
		sound(t, w, s)
	})
}

// noGrantIsLeft wants every event of an exact subject to be later than the last erasure of its spelling. Nothing of the life was recorded
// up to a position.
func (l *lived) noGrantIsLeft(life *erasedLife, recorded int64) {
	for _, spelling := range life.spellings {
		var until consent.Instant
		for _, st := range life.statements {
			if st.Kind == consent.KindErase && st.Address == spelling {
				until = max(until, st.Occurred)
			}
		}
		id, ok := subjectsOf(l.w.t, l.s, fmt.Sprintf(spelling, l.name))[consent.FormExact]
		if !ok {
			continue
		}
		for _, e := range ledgerAfter(l.w.t, l.s, recorded, func(e *consent.Event) bool { return e.Subject == id }) {
			if e.Occurred <= until {
				l.rt.Errorf("%s: a %s of %s is left, erased at %s", spelling, e.Kind, e.Occurred, until)
			}
		}
	}
}

func TestErase_GrantEraseGrantInOneTransaction_KeepsTheLater(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.clock.Advance(time.Second)
		at := func(st statement.Statement, hours int) statement.Statement {
			st.Occurred = consent.InstantOf(start.Add(-time.Duration(hours) * time.Hour))
			return st
		}
		for name, order := range map[string][]int{"in order": {0, 1, 2, 3}, "late erasure": {0, 2, 1, 3}, "erasure first": {1, 3, 2, 0}} {
			address := map[string]string{"in order": "a@gmail.com", "late erasure": "b@gmail.com", "erasure first": "c@gmail.com"}[name]
			statements := []statement.Statement{
				traced(consentOn("newsletter", address, start.Add(-4*time.Hour))),
				at(statement.Statement{Kind: consent.KindErase, Address: address}, 3),
				consentOn("newsletter", address, start.Add(-2*time.Hour)),
				at(traced(withdrawal("newsletter", address)), 5),
			}
			var calls []func() error
			for i, n := range order {
				calls = append(calls, func() error {
					_, err := s.Record(ctx, statements[n], txn.Idempotency{Method: name, ID: requestID(i + 1), Body: []byte(name)})
					return err
				})
			}
			before := positions(t, s.Store)
			for i, err := range inOneTransaction(ctx, t, s, calls) {
				if late := name == "erasure first" && order[i] == 0; late {
					wantFault(t, err, fault.ErasedBefore)
				} else if err != nil {
					t.Errorf("%s, %d: %v", name, i, err)
				}
			}
			if kept := w.wantCheck(ctx, s, "newsletter", address, consent.CodeAllowConsent); kept.Decision.Position <= before {
				t.Errorf("%s: the consent stands at %d", name, kept.Decision.Position)
			}
		}
		searchTables(t, w, &needles{texts: annaTexts()[2:]})
		sound(t, w, s)
	})
}
