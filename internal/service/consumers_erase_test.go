package service

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// hashesOf returns what is kept of the address's folded subject.
func hashesOf(t *testing.T, s *Service, address string) []consumers.ListHash {
	t.Helper()
	folded := subjectsOf(t, s, address)[consent.FormFolded]
	all, err := s.ListHashes(t.Context(), s.Store, []consent.SubjectID{folded})
	if err != nil {
		t.Fatal(err)
	}
	return all[folded]
}

// wantHashes wants the hashes of an address, of its folded form first, to be kept.
func wantHashes(t *testing.T, s *Service, typed, exact, folded string) {
	t.Helper()
	got := hashesOf(t, s, typed)
	var want []consumers.ListHash
	for form, text := range map[consent.Form]string{consent.FormFolded: folded, consent.FormExact: exact} {
		hash, err := s.Keys.ListHash(form, text)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, consumers.ListHash{Hash: hash})
	}
	if len(got) != 2 || got[0].Spelling != [16]byte{} || got[1].Spelling == [16]byte{} {
		t.Errorf("kept are %+v", got)
	}
	byHash := cmpopts.SortSlices(func(a, b consumers.ListHash) bool { return string(a.Hash[:]) < string(b.Hash[:]) })
	if diff := cmp.Diff(want, got, byHash, cmpopts.IgnoreFields(consumers.ListHash{}, "Spelling")); diff != "" {
		t.Errorf("kept hashes (-want +got):\n%s", diff)
	}
}

// removals returns the addresses that a consumer that has everything up to the mark is told to forget.
func removals(ctx context.Context, t *testing.T, s *Service, has storage.Mark) []string {
	t.Helper()
	head, err := s.Store.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Removals(ctx, s.Store, has, storage.MarkOf(&head), consumers.RemovalID{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for i := range list {
		addresses = append(addresses, list[i].Address)
	}
	return addresses
}

func TestErase_KeepsTheListHashes_AndTellsThoseWhoKnowTheAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.syncClient(ctx, s, "tool", "")
		w.consumer(ctx, s, "keyed", "tool", consumers.FormKeyed)
		const first, second, third = "anna@example.com", "Be.rta+shop@gmail.com", "carl@example.com"
		for _, who := range []string{first, second, third} {
			w.mustRecord(ctx, s, consentOn("newsletter", who, start.AddDate(0, 0, -1)))
		}
		eraseNow(ctx, t, w, s, first)
		wantHashes(t, s, first, first, first)
		if got := removals(ctx, t, s, storage.Mark{}); got != nil {
			t.Errorf("only a keyed consumer is there, and %q are kept", got)
		}
		plain := w.consumer(ctx, s, "plain", "tool", consumers.FormPlain)
		eraseNow(ctx, t, w, s, second)
		wantHashes(t, s, second, "be.rta+shop@gmail.com", "berta@gmail.com")
		if got := removals(ctx, t, s, plain.Consumer.Acknowledged); !cmp.Equal(got, []string{"be.rta+shop@gmail.com"}) {
			t.Errorf("told are %q", got)
		}
		if _, err := s.RevokeConsumer(ctx, "plain", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		eraseNow(ctx, t, w, s, third)
		if got := removals(ctx, t, s, plain.Consumer.Acknowledged); len(got) != 1 {
			t.Errorf("after the plain consumer was revoked, told are %q", got)
		}
		if err := s.ForgetRemovals(ctx); err != nil {
			t.Fatal(err)
		}
		if got := removals(ctx, t, s, storage.Mark{}); got != nil {
			t.Errorf("no consumer is left that knows addresses, and %q are kept", got)
		}
		searchTables(t, w, &needles{texts: []string{"anna@example", "berta", "be.rta", "carl@example"}})
	})
}

// A client that reads without a consumer is told as a plain one is, until it stays away.
func TestErase_ClientThatReadsWithoutAConsumer_IsTold(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool := w.syncClient(ctx, s, "tool", "")
		for _, who := range []string{"anna@example.com", "berta@example.com"} {
			w.mustRecord(ctx, s, consentOn("newsletter", who, start.AddDate(0, 0, -1)))
		}
		r, err := s.Active(tool, "")
		if err != nil {
			t.Fatal(err)
		}
		eraseNow(ctx, t, w, s, "anna@example.com")
		forget := func(want ...string) {
			t.Helper()
			if err := s.ForgetRemovals(ctx); err != nil {
				t.Fatal(err)
			}
			if got := removals(ctx, t, s, r.Acknowledged); !cmp.Equal(got, want, cmpopts.EquateEmpty()) {
				t.Errorf("kept are %q, want %q", got, want)
			}
		}
		forget("anna@example.com")
		if !sealedHolds(t, w, "anna@example.com") {
			t.Error("the search of the tests does not find what is kept")
		}
		head, err := s.Store.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Acknowledge(tool, &r, storage.MarkOf(&head)); err != nil {
			t.Fatal(err)
		}
		forget("anna@example.com") // The tool may come back with an older token.
		w.clock.Advance(8 * 24 * time.Hour)
		forget()
		searchTables(t, w, &needles{texts: []string{"anna@example"}})
		w.clock.Advance(consumers.RemovalsKept - 8*24*time.Hour + time.Hour)
		eraseNow(ctx, t, w, s, "berta@example.com")
		forget() // It was not seen for 30 days.
		if _, found, err := tables.ConsumerOf(ctx, s.Store, r.ID); err != nil || len(found) != 0 {
			t.Errorf("it is still noted: %v, %v", found, err)
		}
		if _, err := s.Active(tool, ""); err != nil {
			t.Error(err)
		}
	})
}

func TestForgetRemovals_DeletesAfter30Days_WhateverConsumersHave(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.syncClient(ctx, s, "tool", "")
		w.consumer(ctx, s, "legacy", "tool", consumers.FormMD5)
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", start.AddDate(0, 0, -1)))
		eraseNow(ctx, t, w, s, "anna@example.com")
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{0, 1}, {consumers.RemovalsKept - time.Minute, 1}, {time.Minute, 0}} {
			w.clock.Advance(step.wait)
			if err := s.ForgetRemovals(ctx); err != nil {
				t.Fatal(err)
			}
			if got := removals(ctx, t, s, storage.Mark{}); len(got) != step.want {
				t.Errorf("after %s %q are kept", step.wait, got)
			}
		}
		searchTables(t, w, &needles{texts: []string{"anna@example"}})
	})
}

// An imported erasure is carried out later, when nothing of it has a position that a consumer does not have yet.
func TestErasePending_TellsConsumersThatHaveTheEventAlready(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.syncClient(ctx, s, "tool", "")
		w.consumer(ctx, s, "plain", "tool", consumers.FormPlain)
		const who = "anna@example.com"
		w.mustRecord(ctx, s, consentOn("newsletter", who, start.AddDate(0, 0, -2)))
		late := []record.BatchItem{{Statement: erasure(who, start.AddDate(0, 0, -1))}}
		if _, err := s.BatchRecord(ctx, record.Batch{Items: late}); err != nil {
			t.Fatal(err)
		}
		head, err := s.Store.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		has := storage.MarkOf(&head)
		if got := hashesOf(t, s, who); got != nil || removals(ctx, t, s, storage.Mark{}) != nil {
			t.Error("it was carried out already")
		}
		if done, err := s.ErasePending(ctx, false); err != nil || len(done.Erased) != 1 {
			t.Fatalf("%+v, %v", done, err)
		}
		wantHashes(t, s, who, who, who)
		if got := removals(ctx, t, s, has); !cmp.Equal(got, []string{who}) {
			t.Errorf("told are %q", got)
		}
		if head, err = s.Store.Head(ctx); err != nil {
			t.Fatal(err)
		}
		if got := removals(ctx, t, s, storage.MarkOf(&head)); got != nil {
			t.Errorf("told again are %q", got)
		}
	})
}
