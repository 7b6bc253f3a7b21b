package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/record"
)

// asked checks an address at a moment.
func asked(ctx context.Context, t testing.TB, s *Service, channel, address string, m asof.Moment) check.Result {
	t.Helper()
	got, err := s.Check(ctx, check.Input{Address: address, Request: consent.Request{Channel: channel}, Moment: m})
	if err != nil {
		t.Fatalf("check at %+v: %v", m, err)
	}
	return got
}

func TestCheck_KnownAsOf_LateEvent_CountsOnlyFromWhenItWasRecorded(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		before := consent.InstantOf(w.clock.Now())
		w.clock.Advance(time.Second)
		given := w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-48*time.Hour)))
		late := withdrawal("newsletter", anna)
		late.Occurred = consent.InstantOf(start.Add(-24 * time.Hour))
		left := w.mustRecord(ctx, s, late)
		w.clock.Advance(time.Hour)

		recorded := consent.InstantOf(start.Add(time.Second))
		between, after := late.Occurred-1, late.Occurred
		for name, c := range map[string]struct {
			moment   asof.Moment
			want     consent.Code
			At       consent.Instant
			position int64
		}{
			"now":                          {asof.Moment{}, consent.CodeWithdrawn, consent.InstantOf(w.clock.Now()), left.Position},
			"as of after it":               {asof.Moment{AsOf: after}, consent.CodeWithdrawn, after, left.Position},
			"as of before it":              {asof.Moment{AsOf: between}, consent.CodeAllowConsent, between, left.Position},
			"known before it":              {asof.Moment{KnownAsOf: asof.KnownAsOf{Position: given.Position}}, consent.CodeAllowConsent, recorded, given.Position},
			"as of after, known before it": {asof.Moment{AsOf: after, KnownAsOf: asof.KnownAsOf{Position: given.Position}}, consent.CodeAllowConsent, after, given.Position},
			"known with it":                {asof.Moment{KnownAsOf: asof.KnownAsOf{Position: left.Position}}, consent.CodeWithdrawn, recorded + 1e6, left.Position},
			"known before any grant":       {asof.Moment{AsOf: after, KnownAsOf: asof.KnownAsOf{Time: before}}, consent.CodeNoLegalBasis, after, 1},
			"known by the time before it":  {asof.Moment{KnownAsOf: asof.KnownAsOf{Time: recorded + 1e6 - 1}}, consent.CodeAllowConsent, recorded + 1e6 - 1, given.Position},
			"known by its time":            {asof.Moment{KnownAsOf: asof.KnownAsOf{Time: recorded + 1e6}}, consent.CodeWithdrawn, recorded + 1e6, left.Position},
		} {
			got := asked(ctx, t, s, "newsletter", anna, c.moment)
			if got.Reason != c.want || got.Decided != c.At || got.Snapshot.Position != c.position || got.ForSending != (c.moment == asof.Moment{}) {
				t.Errorf("%s: %s decided for %s at %d, for sending %t; want %s, %s, %d",
					name, got.Reason, got.Decided, got.Snapshot.Position, got.ForSending, c.want, c.At, c.position)
			}
		}
	})
}

func TestCheck_KnownAsOf_CatalogRecordedLater_DoesNotCount(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		given := w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-48*time.Hour)))
		shorter := strings.Replace(acme(t), "consent_lapses_after: P24M", "consent_lapses_after: P1D", 1)
		applied, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: shorter})
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		now := consent.InstantOf(w.clock.Now())
		for position, want := range map[int64]consent.Code{
			given.Position: consent.CodeAllowConsent, applied.Position: consent.CodeConsentLapsed,
		} {
			got := asked(ctx, t, s, "newsletter", anna, asof.Moment{AsOf: now, KnownAsOf: asof.KnownAsOf{Position: position}})
			if got.Reason != want {
				t.Errorf("known at %d: %s by catalog %d, want %s", position, got.Reason, got.CatalogVersion, want)
			}
		}
		// The catalog is that of the time that is decided for, too.
		if got := asked(ctx, t, s, "newsletter", anna, asof.Moment{AsOf: consent.InstantOf(start)}); got.CatalogVersion != 1 {
			t.Errorf("as of before the second catalog: by catalog %d", got.CatalogVersion)
		}
	})
}

func TestKnownAsOf_WhatNeverWas_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.clock.Advance(time.Second)
		now := consent.InstantOf(w.clock.Now())
		for _, c := range []struct {
			moment asof.Moment
			want   fault.Code
			field  string
		}{
			{asof.Moment{KnownAsOf: asof.KnownAsOf{Position: 2}}, fault.PositionUnknown, "knownAsOf.position"},
			{asof.Moment{AsOf: now, KnownAsOf: asof.KnownAsOf{Position: 2}}, fault.PositionUnknown, "knownAsOf.position"},
			{asof.Moment{KnownAsOf: asof.KnownAsOf{Time: consent.InstantOf(start) - 1}}, fault.PositionUnknown, "knownAsOf.time"},
			{asof.Moment{KnownAsOf: asof.KnownAsOf{Time: now + 1}}, fault.TimeInFuture, "knownAsOf.time"},
			{asof.Moment{AsOf: now, KnownAsOf: asof.KnownAsOf{Time: now + 1}}, fault.TimeInFuture, "knownAsOf.time"},
			{asof.Moment{AsOf: now + 1, KnownAsOf: asof.KnownAsOf{Time: now}}, fault.TimeInFuture, "asOf"},
			{asof.Moment{AsOf: now + 1, KnownAsOf: asof.KnownAsOf{Position: 1}}, fault.TimeInFuture, "asOf"},
		} {
			request := consent.Request{Channel: "newsletter"}
			_, checked := s.Check(ctx, check.Input{Address: "anna@example.at", Request: request, Moment: c.moment})
			_, batch := s.BatchCheck(ctx, check.BatchInput{Addresses: []string{"anna@example.at"}, Request: request, Moment: c.moment})
			_, looked := s.Lookup(ctx, check.LookupInput{Address: "anna@example.at", Moment: c.moment})
			for _, err := range []error{checked, batch, looked} {
				wantFault(t, err, c.want)
				if refused := (*fault.Error)(nil); errors.As(err, &refused) && refused.Field != c.field {
					t.Errorf("%+v: the field is %q, want %q", c.moment, refused.Field, c.field)
				}
			}
		}
	})
}

func TestLookup_OfThePast_ShowsWhatWasKnownThen(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		given := w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(-48*time.Hour)))
		late := statement.Statement{
			Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonObjection, Occurred: consent.InstantOf(start.Add(-24 * time.Hour)),
		}
		w.mustRecord(ctx, s, late)
		for name, c := range map[string]struct {
			moment       asof.Moment
			suppressions int
			grants       int
		}{
			"now":                {asof.Moment{}, 1, 1},
			"known before it":    {asof.Moment{KnownAsOf: asof.KnownAsOf{Position: given.Position}}, 0, 1},
			"as of before it":    {asof.Moment{AsOf: late.Occurred - 1}, 0, 1},
			"as of before all":   {asof.Moment{AsOf: consent.InstantOf(start.Add(-72 * time.Hour))}, 0, 0},
			"known before all":   {asof.Moment{KnownAsOf: asof.KnownAsOf{Position: 1}}, 0, 0},
			"as of after it":     {asof.Moment{AsOf: late.Occurred}, 1, 1},
			"both, each too new": {asof.Moment{AsOf: late.Occurred, KnownAsOf: asof.KnownAsOf{Position: given.Position}}, 0, 1},
		} {
			r, err := s.Lookup(ctx, check.LookupInput{Address: anna, Moment: c.moment})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			newsletter := r.Channels[0]
			if len(r.Suppressions) != c.suppressions || len(newsletter.Grants) != c.grants || r.ForSending != (c.moment == asof.Moment{}) {
				t.Errorf("%s: %d suppressions, %d grants, for sending %t", name, len(r.Suppressions), len(newsletter.Grants), r.ForSending)
			}
			single := asked(ctx, t, s, "newsletter", anna, c.moment)
			if diff := cmp.Diff(single, newsletter.Decision); diff != "" {
				t.Errorf("%s: look-up and check differ: %s", name, diff)
			}
		}
	})
}

// answered is a question as it was asked, how to ask it again as known then, and what was answered.
type answered struct {
	recordings       int // how many came before it
	channel, address string
	again            asof.Moment
	was              check.Result
}

// Invariant 5: asked as known at a position, an answer never changes, whatever is recorded later, for whatever time.
func TestProperty_AsKnownThen_AnswersNeverChange(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		changed := 0
		w.eachLife(t, 20, func(rt *rapid.T, person int) {
			h := &randomHistory{w: w, s: s, ctx: ctx, rt: rt, name: fmt.Sprintf("p%d", person)}
			var all []answered
			for range rapid.IntRange(2, 5).Draw(rt, "rounds") {
				h.record()
				all = append(all, h.ask()...)
			}
			h.record()
			for _, a := range all {
				changed += h.askAgain(a)
			}
		})
		if changed == 0 {
			t.Error("no later event would have changed any answer: the histories show nothing")
		}
	})
}

// randomHistory records and asks about one person with several spellings.
type randomHistory struct {
	w    *world
	s    *Service
	ctx  context.Context
	rt   *rapid.T
	name string

	recordings int
	pending    []string       // addresses whose erasure is recorded and not carried out
	Removals   map[string]int // how much was recorded when the erasure of the address was carried out
}

func (h *randomHistory) address() string {
	return fmt.Sprintf(rapid.SampledFrom([]string{"%s@gmail.com", "%s+tag@gmail.com", "%s@googlemail.com"}).Draw(h.rt, "address"), h.name)
}

func (h *randomHistory) channel() string {
	return rapid.SampledFrom([]string{"newsletter", "product-marketing"}).Draw(h.rt, "channel")
}

// past returns a time of the last three days.
func (h *randomHistory) past() consent.Instant {
	return consent.InstantOf(h.w.clock.Now().Add(-time.Duration(rapid.IntRange(0, 72).Draw(h.rt, "hours ago")) * time.Hour))
}

// record records a few events that occurred at any time before, most of them late, and sometimes another catalog.
func (h *randomHistory) record() {
	h.recordings++
	h.w.clock.Advance(time.Second) // What was asked for as of now must not share its instant with what comes.
	items := make([]record.BatchItem, rapid.IntRange(1, 4).Draw(h.rt, "events"))
	for i := range items {
		items[i].Statement = h.statement()
	}
	if _, err := h.s.BatchRecord(h.ctx, record.Batch{Items: items}); err != nil {
		h.rt.Fatalf("record: %v", err)
	}
	if rapid.IntRange(0, 9).Draw(h.rt, "catalog") == 0 {
		lapse := rapid.SampledFrom([]string{"P24M", "P2D"}).Draw(h.rt, "lapse")
		document := strings.Replace(acme(h.w.t), "consent_lapses_after: P24M", "consent_lapses_after: "+lapse, 1)
		if _, err := h.s.ApplyCatalog(h.ctx, administration.ApplyCatalog{Document: document}); err != nil {
			h.rt.Fatalf("apply a catalog: %v", err)
		}
	}
	if rapid.IntRange(0, 4).Draw(h.rt, "erase") == 0 {
		h.carryOut()
	}
	h.w.clock.Advance(time.Duration(rapid.IntRange(1, 36).Draw(h.rt, "hours on")) * time.Hour)
}

// carryOut carries out the erasures that were recorded.
func (h *randomHistory) carryOut() {
	h.recordings++
	if _, err := h.s.ErasePending(h.ctx, false); err != nil {
		h.rt.Fatalf("carry out erasures: %v", err)
	}
	if h.Removals == nil {
		h.Removals = map[string]int{}
	}
	for _, address := range h.pending {
		h.Removals[address] = h.recordings
	}
	h.pending = nil
}

func (h *randomHistory) statement() statement.Statement {
	channel, address, at := h.channel(), h.address(), h.past()
	st := statement.Statement{Address: address, Occurred: at}
	st.Kind = rapid.SampledFrom([]consent.Kind{
		consent.KindGrant, consent.KindGrant, consent.KindGrant, consent.KindRequest, consent.KindConfirm, consent.KindWithdraw,
		consent.KindRefuse, consent.KindSuppress, consent.KindLift, consent.KindErase,
	}).Draw(h.rt, "kind")
	switch st.Kind {
	case consent.KindGrant:
		st = consentOn(channel, address, at.Time())
		if channel == "product-marketing" && rapid.Bool().Draw(h.rt, "customer") {
			st.Basis, st.Declaration, st.Confirmed = catalog.BasisExistingCustomer, consent.Declaration{}, 0
			st.TransactionID, st.Notice, st.Goods = "order-1", true, []string{"coffee"}
		}
	case consent.KindRequest:
		st.Channels, st.Source = []string{channel}, consent.SourceWebForm
		st.Declaration = consent.Declaration{ID: "all-news", Version: "3"}
	case consent.KindConfirm, consent.KindWithdraw, consent.KindRefuse:
		st.Channels = []string{channel}
	case consent.KindSuppress, consent.KindLift:
		st.Reason = rapid.SampledFrom([]consent.Reason{
			consent.ReasonHardBounce, consent.ReasonObjection, consent.ReasonComplaint,
		}).Draw(h.rt, "reason")
	default: // An erasure says no more.
		h.pending = append(h.pending, address)
	}
	return st
}

// ask asks strictly, as of a time of the past, and as known in the past.
func (h *randomHistory) ask() []answered {
	var all []answered
	add := func(m, again asof.Moment) {
		a := answered{channel: h.channel(), address: h.address(), recordings: h.recordings}
		a.was = asked(h.ctx, h.w.t, h.s, a.channel, a.address, m)
		if m.IsNow() && !a.was.ForSending {
			return // A denial while the database takes long to answer, which may be older.
		}
		if again.AsOf == 0 {
			again = asof.Moment{AsOf: a.was.Decided, KnownAsOf: asof.KnownAsOf{Position: a.was.Snapshot.Position}}
		}
		a.again = again
		all = append(all, a)
	}
	add(asof.Moment{}, asof.Moment{})
	add(asof.Moment{AsOf: h.past()}, asof.Moment{})
	now := consent.InstantOf(h.w.clock.Now())
	add(asof.Moment{}, asof.Moment{AsOf: now, KnownAsOf: asof.KnownAsOf{Time: now}})
	head, err := h.s.Store.Head(h.ctx)
	if err != nil {
		h.rt.Fatal(err)
	}
	known := asof.KnownAsOf{Position: rapid.Int64Range(1, head.Position).Draw(h.rt, "known at")}
	add(asof.Moment{KnownAsOf: known}, asof.Moment{})
	return all
}

// askAgain asks what was asked once more, as known then, and returns 1 if as known now the answer is another.
func (h *randomHistory) askAgain(a answered) int {
	got := asked(h.ctx, h.w.t, h.s, a.channel, a.address, a.again)
	a.was.ForSending = false
	// What an erasure has taken away, no question about the past brings back.
	if h.Removals[a.address] > a.recordings {
		if got.Verdict == consent.Allow && a.was.Verdict != consent.Allow {
			h.rt.Errorf("%s on %s, asked again at %+v: an erasure allows what was denied", a.address, a.channel, a.again)
		}
	} else if diff := cmp.Diff(a.was, got); diff != "" {
		h.rt.Errorf("%s on %s, asked again at %+v (-was +now):\n%s", a.address, a.channel, a.again, diff)
	}
	batch, err := h.s.BatchCheck(h.ctx, check.BatchInput{
		Addresses: []string{a.address}, Request: consent.Request{Channel: a.channel}, Moment: a.again,
	})
	if err != nil {
		h.rt.Fatalf("batch: %v", err)
	}
	if d, _ := batch.Item(0); cmp.Diff(got.Decision, d) != "" {
		diff := cmp.Diff(got.Decision, d)
		h.rt.Errorf("a batch says otherwise (-single +batch):\n%s", diff)
	}
	if asked(h.ctx, h.w.t, h.s, a.channel, a.address, asof.Moment{AsOf: a.again.AsOf}).Reason != got.Reason {
		return 1
	}
	return 0
}
