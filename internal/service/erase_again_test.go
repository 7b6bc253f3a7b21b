package service

import (
	"context"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/kept"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
)

// optIn asks for a double opt-in and wants its mail allowed.
func (w *world) optIn(ctx context.Context, s *Service, address string) {
	w.t.Helper()
	asked, err := s.RequestConsent(ctx, record.OptIn{Statement: statement.Statement{
		Address: address, Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
		Declaration: consent.Declaration{ID: "all-news", Version: "3"},
	}})
	if err != nil || asked.Verdict != consent.Allow {
		w.t.Fatalf("%+v, %v", asked, err)
	}
	w.clock.Advance(time.Second)
}

// An erasure that keeps a later grant gives it another position. The next erasure forgets the request that recorded it all the same.
func TestErase_Twice_ForgetsTheRequestsOfWhatWasCopied(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const who = "anna@example.com"
		w.mustRecord(ctx, s, consentOn("newsletter", who, start.AddDate(0, 0, -9)))
		once := txn.Idempotency{Method: "grant", ID: requestID(1), Body: []byte("grant")}
		granted := consentOn("newsletter", who, start.AddDate(0, 0, -3))
		if _, err := s.Record(ctx, granted, once); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		w.mustRecord(ctx, s, erasure(who, start.AddDate(0, 0, -5)))
		w.wantCheck(ctx, s, "newsletter", who, consent.CodeAllowConsent)
		eraseNow(ctx, t, w, s, who)
		_, err := s.Record(ctx, granted, once)
		wantFault(t, err, fault.ErasedBefore)
	})
}

// The folded form of an address can be the very spelling that was erased: what another spelling does later does not bring it back.
func TestErase_AnotherSpellingActsLater_TheErasedOneIsNotKept(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const erased, other = "anna@gmail.com", "anna+shop@gmail.com"
		w.mustRecord(ctx, s, consentOn("newsletter", erased, start.AddDate(0, 0, -1)))
		w.optIn(ctx, s, other)
		eraseNow(ctx, t, w, s, erased)
		w.mustRecord(ctx, s, withdrawal("newsletter", other))
		w.clock.Advance(48 * time.Hour)
		w.optIn(ctx, s, other)
		searchTables(t, w, &needles{texts: []string{erased}})
	})
}

// An erasure that was kept and then not made, for its transaction failed, is not made up for under a legal hold that came after.
func TestRepeatErasures_HeldSince_IsNotRepeated(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const who = "anna@example.com"
		w.mustRecord(ctx, s, consentOn("newsletter", who, start.AddDate(0, 0, -1)))
		a, err := subjects.ParseAddress(who)
		if err != nil {
			t.Fatal(err)
		}
		at, err := subjects.NewLocator(s.Keys, 1).Places(a, true)
		if err != nil {
			t.Fatal(err)
		}
		lost, err := s.ErasureOf(&at)
		if err != nil {
			t.Fatal(err)
		}
		lost.Recorded, lost.Occurred = consent.InstantOf(w.clock.Now()), consent.InstantOf(w.clock.Now())
		w.clock.Advance(time.Second)
		if _, err := s.PlaceHold(ctx, rights.Hold{Address: who, Justification: "case 7"}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{0, 1} {
			if lacked, err := s.RepeatErasures(ctx, []kept.Erasure{lost}); err != nil || lacked != want {
				t.Errorf("%d were repeated, %v; want %d", lacked, err, want)
			}
			if want == 0 {
				if _, err := s.ReleaseHold(ctx, rights.Hold{Address: who, Justification: "closed"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.wantCheck(ctx, s, "newsletter", who, consent.CodeErased)
	})
}
