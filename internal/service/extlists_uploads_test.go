package service

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/extlists"
	"github.com/assent-io/assent/internal/storage/tables"
)

func TestForgetUploads_OfBrokenOnes_DeletesWhatNoVersionHas(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.ecg(ctx, s)
		file := ecgFile("hans@firma.example")
		v := w.upload(ctx, s, file)
		broken := sha256.Sum256([]byte("of an upload that was broken off"))
		begin := func() {
			t.Helper()
			if err := s.Store.WriteTables(ctx, tables.PutListChunk(broken, 0, []byte("of an")), tables.TouchListUpload(broken, s.Instant())); err != nil {
				t.Fatal(err)
			}
		}
		want := func(when string, sum [32]byte, chunks int) {
			t.Helper()
			if err := s.ForgetUploads(ctx); err != nil {
				t.Fatal(err)
			}
			if got, err := tables.ListChunks(ctx, s.Store, sum, 0, 9); err != nil || len(got) != chunks {
				t.Errorf("%s: %d chunks are stored, want %d: %v", when, len(got), chunks, err)
			}
		}
		begin()
		w.clock.Advance(23 * time.Hour)
		want("the same day", broken, 1)
		begin()
		if err := s.Store.WriteTables(ctx, tables.TouchListUpload(v.SHA256, s.Instant())); err != nil { // The same file, broken off.
			t.Fatal(err)
		}
		w.clock.Advance(23 * time.Hour)
		want("a day after it began, and less after its last part", broken, 1)
		w.clock.Advance(2 * time.Hour)
		want("a day after its last part", broken, 0)
		want("of a version", v.SHA256, 1)
		w.customer(ctx, s, "hans@firma.example")
		w.activate(ctx, s, w.upload(ctx, s, file).Version, false)
		w.wantCheck(ctx, s, "product-marketing", "hans@firma.example", consent.CodeExternalList)
	})
}

// TestForgetUploads_OfAnUploadThatGoesOn_KeepsWhatItStores has the upload touched between the reading of the broken ones and their deletion.
func TestForgetUploads_OfAnUploadThatGoesOn_KeepsWhatItStores(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sum := sha256.Sum256([]byte("of an upload"))
		store := func() {
			t.Helper()
			if err := s.Store.WriteTables(ctx, tables.TouchListUpload(sum, s.Instant()), tables.PutListChunk(sum, 0, []byte("of an"))); err != nil {
				t.Fatal(err)
			}
		}
		store()
		w.clock.Advance(25 * time.Hour)
		before := s.Instant().Add(-24 * time.Hour)
		if broken, err := tables.BrokenListUploads(ctx, s.Store, before); err != nil || len(broken) != 1 || broken[0] != sum {
			t.Fatalf("broken are %x: %v", broken, err)
		}
		store()
		if err := s.Store.WriteTables(ctx, tables.DropListUpload(sum, before)...); err != nil {
			t.Fatal(err)
		}
		if got, err := tables.ListChunks(ctx, s.Store, sum, 0, 9); err != nil || len(got) != 1 {
			t.Errorf("%d chunks are stored, want 1: %v", len(got), err)
		}
	})
}

func TestStandings_SayHowOldTheVersionsInForceAre_AndFailuresAreCounted(t *testing.T) {
	w := newWorld(t, "sqlite")
	failed := map[string]int{}
	w.listFailed = func(list, step string) {
		if list != "ecg" {
			t.Errorf("a failure of %q", list)
		}
		failed[step]++
	}
	s, ctx := w.acme()
	w.ecg(ctx, s)
	if got, err := s.Standings(ctx); err != nil || len(got) != 0 {
		t.Errorf("before an activation: %+v, %v", got, err)
	}
	v := w.upload(ctx, s, ecgFile("a@b.example", "c@d.example"))
	w.clock.Advance(time.Hour)
	w.activate(ctx, s, v.Version, false)
	got, err := s.Standings(ctx)
	want := extlists.Standing{List: "ecg", Version: 1, Entries: 2, Obtained: v.Obtained, Stale: v.Obtained.Add(7 * 24 * time.Hour)}
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("the lists stand as %+v, want %+v: %v", got, want, err)
	}
	if len(failed) != 0 {
		t.Errorf("failures without one: %v", failed)
	}
	for _, list := range []string{"ecg", "none"} {
		if _, err := s.UploadVersion(ctx, extlists.Upload{List: list, File: bytes.NewReader(ecgFile("a@b.example")[:19])}); err == nil {
			t.Error("a file that was cut off passed")
		}
		if _, err := s.ActivateVersion(ctx, extlists.Activate{List: list, Version: 7}); err == nil {
			t.Error("a version that there is not was activated")
		}
	}
	w.activate(ctx, s, w.upload(ctx, s, ecgFile("x@y.example", "z@y.example")).Version, true)
	if _, err := s.ActivateVersion(ctx, extlists.Activate{List: "ecg", Version: 1}); err == nil {
		t.Error("a version with other entries was activated")
	}
	if failed[extlists.StepUpload] != 1 || failed[extlists.StepActivate] != 1 {
		t.Errorf("the failures are %v", failed)
	}
}
