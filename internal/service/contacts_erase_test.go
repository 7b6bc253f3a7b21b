package service

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/storage"
)

func TestErase_DeletesContactsAndThePersonalCap(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed(weekly)
		p.wants(hanna, "bert@example.at")
		p.wantSend("letter", hanna, consent.CodeAllowConsent)
		p.wantSend("letter", "bert@example.at", consent.CodeAllowConsent)
		a, err := address.Parse(hanna)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.s.SetPersonalCap(p.ctx, a, &contacts.PersonalCap{Max: 1, Per: period.Days(14)}); err != nil {
			t.Fatal(err)
		}
		w.erase(p.ctx, p.s, hanna)
		if rows := p.rows(); len(rows) != 1 {
			t.Errorf("after the erasure of one of two there are %d contacts", len(rows))
		}
		if wish, err := p.s.PersonalCapOf(p.ctx, a); err != nil || wish != nil {
			t.Errorf("the erased person has the cap %v (%v)", wish, err)
		}
	})
}

func TestLookup_WhereSendsAreCleared_TellsWhatElseHolds(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed("sends: {clearing: required}\n")
		p.wants(hanna)
		p.mustRecord(p.ctx, p.s, withdrawal("product-marketing", hanna))
		found, err := p.s.Lookup(p.ctx, check.LookupInput{Address: hanna})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range found.Channels {
			switch c.Channel {
			case "newsletter":
				if c.Decision.Reason != consent.CodeNotCleared || c.Cleared == nil || c.Cleared.Verdict != consent.Allow || c.Cleared.ForSending {
					t.Errorf("of a channel that is open but for the clearing: %v, and of a cleared send %+v", c.Decision.Reasons, c.Cleared)
				}
			case "product-marketing":
				if c.Decision.Verdict != consent.Deny || c.Cleared != nil {
					t.Errorf("of a channel that was left: %v, and of a cleared send %+v", c.Decision.Reasons, c.Cleared)
				}
			}
		}
	})
}

// beforeWrite is a store that does something before the next write.
type beforeWrite struct {
	storage.Store

	next atomic.Pointer[func()]
}

func (b *beforeWrite) Write(ctx context.Context, load storage.Load, decide func(context.Context, storage.Tx) (*storage.Changes, error)) error {
	if next := b.next.Swap(nil); next != nil {
		(*next)()
	}
	return b.Store.Write(ctx, load, decide)
}

func TestErase_WhatWasDecidedOrSentBefore_IsNotWrittenAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		inner := w.store()
		store := &beforeWrite{Store: inner}
		p := w.pressedOver(store, weekly)
		other := w.service(inner, 0)
		erase := func() { w.erase(p.ctx, other, hanna) }
		a, err := address.Parse(hanna)
		if err != nil {
			t.Fatal(err)
		}
		person, err := p.s.PersonOf(a)
		if err != nil {
			t.Fatal(err)
		}
		wantNone := func(after string) {
			t.Helper()
			for _, row := range p.rows() {
				if person == row.Folded {
					t.Errorf("after %s the erased person has the contact %+v", after, row)
				}
			}
		}
		p.wants(hanna, "bert@example.at")
		p.wantSend("letter", hanna, consent.CodeAllowConsent)
		w.clock.Advance(time.Hour)
		sent := consent.InstantOf(w.clock.Now())
		w.clock.Advance(time.Hour)
		erase()
		late := []contacts.Report{{Address: hanna, Sent: sent}, {Address: "bert@example.at", Sent: sent}}
		done, err := p.s.ReportSent(p.ctx, "letter", late)
		if err != nil || done.Changed != 1 || done.NotKept != 1 || len(done.Failed) != 0 {
			t.Errorf("a late report: %+v, %v", done, err)
		}
		wantNone("a late report")

		w.clock.Advance(time.Hour)
		p.wants(hanna) // The person came back, and is erased again while a check is under way.
		store.next.Store(&erase)
		p.wantSend("offers", hanna, consent.CodeAllowConsent)
		wantNone("a check under way")
		w.clock.Advance(time.Hour)
		p.wants(hanna)
		p.wantSend("offers", hanna, consent.CodeAllowConsent)
		now := []contacts.Report{{Address: hanna, Sent: consent.InstantOf(w.clock.Now())}}
		if done, err := p.s.ReportSent(p.ctx, "offers", now); err != nil || done.Changed != 1 || done.NotKept != 0 {
			t.Errorf("of a person who came back: %+v, %v", done, err)
		}
	})
}

func TestForgetContacts_DeletesWhatHasEndedAndWhatIsOld(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed(weekly)
		p.wants(hanna, "bert@example.at")
		p.wantSend("letter", hanna, consent.CodeAllowConsent)
		p.report("offers", contacts.Report{Address: "bert@example.at"})
		sent := w.clock.Now()
		left := func(at time.Time, want int) {
			t.Helper()
			w.clock.Set(at)
			if err := p.s.ForgetContacts(p.ctx); err != nil {
				t.Fatal(err)
			}
			if rows := p.rows(); len(rows) != want {
				t.Errorf("at %s there are %d contacts, want %d", at, len(rows), want)
			}
		}
		left(sent, 2)
		left(sent.Add(24*time.Hour), 1)
		left(sent.AddDate(0, 0, 30).Add(-time.Minute), 1)
		left(sent.AddDate(0, 0, 30).Add(time.Minute), 0)
	})
}
