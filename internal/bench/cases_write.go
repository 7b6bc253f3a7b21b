package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/bench/persons"
)

const (
	// bareRows is how many events one bare statement inserts.
	bareRows = 1000
	// goalEvents is how many events a second are to be recorded.
	goalEvents = 25_000
	// withdrawals and checks that come by themselves while an import runs, a second.
	withdrawalsBeside = 50
	checksBeside      = 500
	// longest is how long an import may take.
	longest = 12 * time.Hour
)

func (e *env) writingCases() []benchCase {
	return []benchCase{
		{"withdraw", e.withdrawals},
		{"grants", e.grants},
		{"record", e.recording},
		{"import-check", e.checksDuringImport},
		{"import-withdraw", e.withdrawalsDuringImport},
	}
}

// withdrawing returns work that withdraws for one person after the other, each time anew: the time of day makes it another event.
func (e *env) withdrawing(t *target) work {
	population := e.opts.population()
	var next atomic.Int64
	next.Store(rand.Int64N(1 << 30))
	return func(ctx context.Context, worker int) (int, error) {
		in := &assentv1.WithdrawConsentRequest{
			Address: population.Address(int(next.Add(1) % int64(e.opts.Recipients))), Channels: []string{persons.Newsletter},
			Evidence: &assentv1.Evidence{Source: "web_form"},
		}
		return 1, t.call(ctx, worker, "WithdrawConsent", in, &assentv1.WithdrawConsentResponse{})
	}
}

// withdrawals measures one after the other, which no group commit helps.
func (e *env) withdrawals(ctx context.Context) ([]Figure, error) {
	t, err := alternate(ctx, e.opts.Duration, side{"assent", 1, e.withdrawing(e.api)},
		side{"update of the head row", 1, e.withdrawing(e.chained)})
	if err != nil {
		return nil, err
	}
	const baseline = "update of the head row"
	return []Figure{
		latency("withdraw, one at a time, p50", &t[0], 50).against(baseline, inMillis(t[1].at(50))).ratioAtMost(2),
		latency("withdraw, one at a time, p99", &t[0], 99).against(baseline, inMillis(t[1].at(99))),
		figure("withdraw, one at a time", t[0].rate(), perSecond).against(baseline, t[1].rate()),
	}, nil
}

// grants measures many writers of one grant each, which share transactions.
func (e *env) grants(ctx context.Context) ([]Figure, error) {
	var next atomic.Int64
	return e.besideBare(ctx, "grants, 64 writers: events", side{"assent", mostWorkers, func(ctx context.Context, worker int) (int, error) {
		event := e.fresh.Person(int(next.Add(1))).Events[0].GetGrant()
		in := &assentv1.GrantConsentRequest{
			Address: event.GetAddress(), Channels: event.GetChannels(), LegalBasis: event.GetLegalBasis(),
			Declaration: event.GetDeclaration(), Evidence: event.GetEvidence(),
		}
		return 1, e.api.call(ctx, worker, "GrantConsent", in, &assentv1.GrantConsentResponse{})
	}}, false)
}

// recording measures batches, as an import sends them.
func (e *env) recording(ctx context.Context) ([]Figure, error) {
	var next atomic.Int64
	next.Store(1 << 32) // Beyond the people of the grants above.
	return e.besideBare(ctx, "record, batches of 1,000: events", side{"assent", batchWorkers, func(ctx context.Context, _ int) (int, error) {
		in := &assentv1.BatchRecordEventsRequest{}
		for len(in.GetEvents()) < persons.DefaultBatch {
			in.Events = append(in.Events, e.fresh.Person(int(next.Add(1))).Events...)
		}
		in.Events = in.Events[:persons.DefaultBatch]
		_, err := persons.RecordAll(ctx, e.api.record, in)
		return persons.DefaultBatch, err
	}}, true)
}

// besideBare measures recording; after each turn the rows that it made are inserted once more by bare statements.
func (e *env) besideBare(ctx context.Context, name string, s side, aims bool) ([]Figure, error) {
	if err := e.db.Prepare(ctx); err != nil {
		return nil, err
	}
	turn := min(longestTurn, e.opts.Duration/fewestTurns)
	if _, err := closed(ctx, turn, s); err != nil {
		return nil, err
	}
	all, bareTook, bareEvents := tally{times: newTimes()}, time.Duration(0), 0
	for all.took < e.opts.Duration {
		before, err := e.db.Position(ctx)
		if err != nil {
			return nil, err
		}
		t, err := closed(ctx, turn, s)
		if err != nil {
			return nil, err
		}
		all.units, all.took = all.units+t.units, all.took+t.took
		all.times.Merge(t.times)
		took, events, err := e.insertAgain(ctx, before)
		if err != nil {
			return nil, err
		}
		bareTook, bareEvents = bareTook+took, bareEvents+events
	}
	f := figure(name, all.rate(), perSecond).against("bare insert of the same rows", float64(bareEvents)/bareTook.Seconds())
	if aims {
		f = f.ratioAtLeast(0.6).atLeast(goalEvents)
	}
	return []Figure{f, latency(name+", p99 of a call", &all, 99)}, nil
}

// insertAgain inserts the rows of the events after the position into the tables for that, and returns how long the statements took.
func (e *env) insertAgain(ctx context.Context, after int64) (took time.Duration, events int, err error) {
	last, err := e.db.Position(ctx)
	if err != nil {
		return 0, 0, err
	}
	for ; after < last; after += bareRows {
		rows, err := e.db.Rows(ctx, after, min(after+bareRows, last))
		if err != nil {
			return 0, 0, err
		}
		began := time.Now()
		if err := e.db.Insert(ctx, rows); err != nil {
			return 0, 0, err
		}
		took, events = took+time.Since(began), events+rows.Events()
	}
	return took, events, nil
}

// duringImport measures what comes at a rate by itself while people are imported, until they are.
func (e *env) duringImport(ctx context.Context, name string, rate float64, s side, goal float64) ([]Figure, error) {
	alone, err := open(ctx, ctx, e.opts.Duration, rate, s)
	if err != nil {
		return nil, err
	}
	var loaded persons.Loaded
	group, running := errgroup.WithContext(ctx)
	imported, done := context.WithCancel(running)
	defer done()
	group.Go(func() (err error) {
		defer done()
		loaded, err = persons.Load(running, e.api.record, persons.Loading{
			Population: e.fresh, First: e.unused(e.opts.Import), People: e.opts.Import, Batch: persons.DefaultBatch, InFlight: persons.DefaultInFlight,
		})
		return err
	})
	var beside tally
	group.Go(func() (err error) {
		beside, err = open(running, imported, longest, rate, s)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	p99 := latency(name+", p99", &beside, 99).against("without the import", inMillis(alone.at(99)))
	if goal > 0 {
		p99 = p99.atMost(goal)
	}
	return []Figure{
		latency(name+", p50", &beside, 50).against("without the import", inMillis(alone.at(50))), p99,
		latency(name+", p99.9", &beside, 99.9).against("without the import", inMillis(alone.at(99.9))),
		figure(fmt.Sprintf("%s, rate of %d", name, int(rate)), beside.rate(), perSecond),
		figure(name+", import: events", loaded.Rate(), perSecond),
	}, nil
}

func (e *env) withdrawalsDuringImport(ctx context.Context) ([]Figure, error) {
	return e.duringImport(ctx, "withdraw during an import", withdrawalsBeside, side{"assent", mostWorkers, e.withdrawing(e.api)}, 50)
}

func (e *env) checksDuringImport(ctx context.Context) ([]Figure, error) {
	about, err := e.people(persons.Subscribed, crowd)
	if err != nil {
		return nil, err
	}
	return e.duringImport(ctx, "check during an import", checksBeside, asking("assent", e.api, mostWorkers, about), 0)
}
