package service

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/webhooks"
)

// keeper is a receiver that keeps a list in step with what it is told, as docs/webhooks.md says.
type keeper struct {
	*receiver

	reader   *feedReader
	resets   int
	position map[string]int64 // of what was taken last of each person
}

func (w *world) keeper(ctx context.Context, s *Service, id string, form consumers.Form) *keeper {
	w.t.Helper()
	k := &keeper{receiver: w.receiver(), position: map[string]int64{}}
	created, as := w.hook(ctx, s, k.receiver, id, form)
	k.reader = &feedReader{s: s, ctx: as, name: plainName, holds: held{}, in: changes.Request{Consumer: id}}
	if form == consumers.FormKeyed {
		k.reader.name = keyedName(w.t, created.Key)
	}
	k.took = k.keep
	return k
}

// keep does what a message says.
func (k *keeper) keep(m *message) {
	var entries []changes.Entry
	for i := range m.Changes {
		e := entryOf(k.t, &m.Changes[i])
		if e.Change == changes.Reset && e.Match == 0 {
			k.resets++
			k.reader.snapshot(k.t, func() {})
			return
		}
		k.inOrder(&e)
		entries = append(entries, e)
	}
	k.reader.holds.apply(k.t, entries)
}

// inOrder fails unless what is told of a person comes in the order of the ledger.
func (k *keeper) inOrder(e *changes.Entry) {
	a, err := address.Parse(e.Address)
	if e.Address == "" || e.Match == consent.FormDomain || e.Kind == changes.KindAddress || err != nil {
		return // An erasure is told at once, whatever comes before it.
	}
	if last := k.position[a.Folded()]; e.Position < last {
		k.t.Errorf("of %s something of position %d came after something of %d", e.Address, e.Position, last)
	}
	k.position[a.Folded()] = e.Position
}

func entryOf(t testing.TB, c *told) changes.Entry {
	t.Helper()
	e := changes.Entry{
		Address: c.Address, Hash: c.Hash, Reason: c.Reason, Position: c.Position,
		Change: map[string]changes.Change{"ADDED": changes.Added, "REMOVED": changes.Removed, "RESET": changes.Reset, "KEPT": changes.Kept}[c.Change],
		Match:  map[string]consent.Form{"exact": consent.FormExact, "folded": consent.FormFolded, "domain": consent.FormDomain}[c.Match],
		Kind: map[string]feed.Kind{
			"grant": feed.KindGrant, "reopening": feed.KindReopening, "refusal": feed.KindRefusal, "suppression": feed.KindSuppression,
			"address": changes.KindAddress,
		}[c.Kind],
		EndedBy: map[string]feed.EndedBy{
			"NOTHING": feed.EndedByNothing, "CONSENT": feed.EndedByConsent, "CONFIRMED_CONSENT": feed.EndedByConfirmedConsent,
			"ANY_CONFIRMED_CONSENT": feed.EndedByAnyConfirmedConsent, "CLARIFICATION": feed.EndedByClarification,
		}[c.EndedBy],
		Stops: map[string]feed.Stops{
			"EVERYTHING": feed.StopsEverything, "ALL_BUT_NOTICES": feed.StopsAllButNotices, "MARKETING": feed.StopsMarketing,
			"CUSTOMER_MARKETING": feed.StopsCustomerMarketing,
		}[c.Stops],
		Rule: feed.Rule{
			Channel: c.Channel, Scope: c.Scope, EndsRefusal: c.EndsRefusal, EndsHonoured: c.EndsHonoured, EndsObjection: c.EndsObjection,
			Imported: c.Imported, Since: instantOf(t, c.Since), Until: instantOf(t, c.Until), From: instantOf(t, c.CountsFrom),
		},
	}
	if e.Change == 0 {
		t.Errorf("an entry that changes nothing: %+v", c)
	}
	if c.Order != "" {
		order, err := strconv.ParseUint(c.Order, 10, 64)
		if err != nil {
			t.Error(err)
		}
		e.Order = order
	}
	return e
}

func instantOf(t testing.TB, text string) consent.Instant {
	t.Helper()
	if text == "" {
		return 0
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Error(err)
	}
	return consent.InstantOf(at)
}

// fails makes the receiver fail in a way that is drawn, a part of the time.
func (k *keeper) fails(seed uint64, part float64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // A test repeats it.
	k.answer = func(*message) int {
		if random.Float64() >= part {
			return http.StatusOK
		}
		return []int{0, 302, 404, 429, 500, 503}[random.IntN(6)]
	}
}

// second returns another server of the same database. A SQLite file is of one process, which has one store of it.
func (w *world) second(s *Service) *Service {
	w.t.Helper()
	if w.url == "" {
		return w.service(s.Store, 0)
	}
	return w.service(w.store(), 0)
}

// finishOnBoth runs rounds on two servers at the same time.
func finishOnBoth(ctx context.Context, t testing.TB, servers ...*Service) {
	t.Helper()
	var ran sync.WaitGroup
	failed := make([]error, len(servers))
	for i, s := range servers {
		ran.Go(func() { failed[i] = s.FinishWebhooks(ctx) })
	}
	ran.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatalf("a round: %v", err)
	}
}

// settle lets the time of all attempts pass, and replays what is dead, until nothing waits.
func (k *keeper) settle(ctx context.Context, w *world, id string, servers ...*Service) {
	w.t.Helper()
	k.fails(0, 0)
	for range 20 {
		finishOnBoth(ctx, w.t, servers...)
		one, err := servers[0].GetWebhook(ctx, id)
		if err != nil {
			w.t.Fatal(err)
		}
		if one.Waiting+one.Dead == 0 {
			return
		}
		if one.Dead > 0 {
			if _, err := servers[0].ReplayDeliveries(ctx, id, nil, true); err != nil {
				w.t.Fatal(err)
			}
		}
		w.clock.Advance(27 * time.Hour)
	}
	w.t.Fatal("messages still wait")
}

func TestWebhooks_WhateverFails_TheReceiverEndsWithWhatChecksAnswer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.hooked(webhooks.Options{Window: 3}).acme()
		second := w.second(s)
		keepers := map[string]*keeper{
			"plain": w.keeper(ctx, s, "plain", consumers.FormPlain), "keyed": w.keeper(ctx, s, "keyed", consumers.FormKeyed),
		}
		finishOnBoth(ctx, t, s, second)
		w.eachLife(t, 20, func(rt *rapid.T, number int) {
			life := drawLife(rt, w.clock.Now())
			all := life.statements
			l := &lived{w: w, s: s, ctx: ctx, rt: rt, name: fmt.Sprintf("hook%d", number)}
			for _, k := range keepers {
				k.fails(rapid.Uint64().Draw(rt, "seed"), rapid.SampledFrom([]float64{0, 0.3, 0.9}).Draw(rt, "part that fails"))
			}
			for len(life.statements) > 0 {
				n := rapid.IntRange(1, len(life.statements)).Draw(rt, "so many")
				l.arrive(&erasedLife{spellings: life.spellings, statements: life.statements[:n]})
				life.statements = life.statements[n:]
				w.clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, 6 * time.Second, 6 * time.Minute, 30 * time.Hour}).Draw(rt, "wait"))
				finishOnBoth(ctx, t, s, second)
			}
			l.carryOut()
			for id, k := range keepers {
				k.settle(ctx, w, id, s, second)
				if text := k.reader.difference(l, &life); text != "" {
					rt.Fatalf("of the receiver %s: %s\nrecorded: %s", id, text, shortLife(all))
				}
			}
		})
		for id, k := range keepers {
			if k.resets > 2 {
				t.Errorf("the receiver %s was asked for %d snapshots", id, k.resets)
			}
		}
	})
}
