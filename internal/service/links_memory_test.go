package service

import (
	"context"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/storage"
)

// lateMemory makes the services that are made next have an index that looks for what is new only when it is asked to.
func (w *world) lateMemory(store storage.Store) *index.Index {
	late := index.New(store, index.Options{Every: time.Hour})
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		late.Run(ctx)
	}()
	w.t.Cleanup(func() {
		cancel()
		<-ended
	})
	w.wrap = func(*index.Index) check.Index { return late }
	return late
}

// issued returns the token of the link of a message that is decided about now, without a check, which would have the index look.
func (w *world) issued(s *Service, channel, address string) string {
	w.t.Helper()
	made, err := s.Links.Issue(w.t.Context(), channel, []recipient.Wanted{
		{Address: address, Verdict: consent.Allow, Decided: consent.InstantOf(w.clock.Now())},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(2 * time.Second)
	return made[0].Token
}

// What another server has acknowledged a moment ago need not be in memory. A no that is in memory, and that a consent has ended since, must not
// be taken for the answer to a click.
func TestOneClick_MemoryStillHasANoOfBefore_TheClickIsNotLost(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		late := w.lateMemory(store)
		w.links = recipient.Options{PublicURL: "https://consent.example"}
		s, ctx := w.acmeOver(store)
		<-late.Settled()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		w.mustRecord(ctx, s, withdrawal("newsletter", hanna))
		if err := late.Fence(ctx); err != nil {
			t.Fatal(err)
		}
		noted := late.Head().Position
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		text := w.issued(s, "newsletter", hanna)
		if at := late.Head().Position; at != noted {
			t.Fatalf("the index has come to position %d by itself", at)
		}
		w.wantClick(s, text, recipient.Done)
		w.wantClick(s, text, recipient.Known)
		w.wantCheck(ctx, s, "newsletter", hanna, consent.CodeWithdrawn)
	})
}

// What memory does not know yet is found under the lock: the second click records nothing.
func TestOneClick_MemoryLacksTheNo_NothingIsRecordedTwice(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		late := w.lateMemory(store)
		w.links = recipient.Options{PublicURL: "https://consent.example"}
		s, ctx := w.acmeOver(store)
		<-late.Settled()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		text := w.issued(s, "newsletter", hanna)
		if err := late.Fence(ctx); err != nil {
			t.Fatal(err)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", hanna))
		before := positions(t, s.Store)
		w.wantClick(s, text, recipient.Known)
		if now := positions(t, s.Store); now != before {
			t.Errorf("%d events were recorded", now-before)
		}
	})
}

func TestOneClick_WithoutMemory_IsAnsweredByTheStore(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.byStore = true
		s, ctx := w.linked()
		w.mustRecord(ctx, s, consentOn("newsletter", hanna, w.clock.Now()))
		text := w.issued(s, "newsletter", hanna)
		w.wantClick(s, text, recipient.Done)
		w.wantClick(s, text, recipient.Known)
	})
}
