package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/kept"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/sqlite"
)

// officer keeps erasures in a directory.
type officer struct {
	*kept.Dir

	fails error
	room  int // how many more erasures are kept before none is; 0: all
}

func (o *officer) Append(list []kept.Erasure) error {
	if o.fails != nil {
		return o.fails
	}
	switch o.room {
	case 0:
	case 1:
		o.fails = errors.New("the disk is full")
		fallthrough
	default:
		o.room--
	}
	return o.Dir.Append(list)
}

func (o *officer) KeepCheckpoint(context.Context, int64, []byte) error { return nil }

func newOfficer(t *testing.T) *officer {
	t.Helper()
	dir, err := kept.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	return &officer{Dir: dir}
}

// keptService runs a service over the store that keeps its erasures.
func (w *world) keptService(store storage.Store, o *officer) *Service {
	w.t.Helper()
	s, err := New(w.t.Context(), store, w.keys, Options{Now: w.clock.Now, Logger: slog.New(slog.DiscardHandler), Kept: o})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(s.Close)
	return s
}

func erasure(address string, at time.Time) statement.Statement {
	st := statement.Statement{Kind: consent.KindErase, Address: address, Justification: "ticket 17"}
	if !at.IsZero() {
		st.Occurred = consent.InstantOf(at)
	}
	return st
}

// A person who came after the backup is not in it: that they were erased stays on the lists of keyed consumers all the same. Of an erasure that
// an older program kept, nothing is known.
func TestRepeatErasures_PersonThatTheBackupLacks_StaysOnTheListsOfKeyedConsumers(t *testing.T) {
	w := newWorld(t, "sqlite")
	o := newOfficer(t)
	ctx := access.WithCaller(t.Context(), access.Process("test"))
	s := w.keptService(w.store(), o)
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	w.raw().run("VACUUM INTO '" + backup + "'")
	const erased, older = "anna+news@gmail.com", "bert@example.com"
	for _, who := range []string{erased, older} {
		w.mustRecord(ctx, s, consentOn("newsletter", who, w.clock.Now().Add(-time.Hour)))
		w.mustRecord(ctx, s, erasure(who, time.Time{}))
	}
	store, err := sqlite.Open(t.Context(), backup, sqlite.Options{Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	restored := w.keptService(store, o)
	list, err := o.ErasuresAfter(0)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d erasures were kept, %v", len(list), err)
	}
	list[1].Lists = nil
	// Hashes that cannot be opened hold up no erasure. Once the keys are there, they are made up for.
	good := slices.Clone(list[0].Lists)
	list[0].Lists[2] ^= 1
	lacked, err := restored.RepeatErasures(ctx, list)
	if wantFault(t, err, fault.KeyMissing); lacked != 2 {
		t.Errorf("the restored database lacked %d erasures", lacked)
	}
	if got := hashesOf(t, restored, erased); got != nil {
		t.Errorf("of hashes that cannot be opened %+v are kept", got)
	}
	list[0].Lists = slices.Clone(good)
	list[0].Lists[20] ^= 1
	if lacked, err := restored.RepeatErasures(ctx, list); err == nil || lacked != 0 {
		t.Errorf("damaged hashes were taken, or %d erasures were lacking", lacked)
	}
	list[0].Lists = good
	for range 2 {
		if lacked, err := restored.RepeatErasures(ctx, list); err != nil || lacked != 0 {
			t.Errorf("the restored database lacked %d erasures, %v", lacked, err)
		}
	}
	wantHashes(t, restored, erased, erased, "anna@gmail.com")
	if got := hashesOf(t, restored, older); got != nil {
		t.Errorf("of an erasure of an older program %+v are kept", got)
	}
}

// A restored backup may have only refusals of an erased person, so there is no row of the exact address: what was typed says it, or else the
// folded form. Consumers that know the address are told to forget it.
func TestRepeatErasures_OfWhoOnlyRefused_TellsConsumers(t *testing.T) {
	w := newWorld(t, "sqlite")
	o := newOfficer(t)
	ctx := access.WithCaller(t.Context(), access.Process("test"))
	s := w.keptService(w.store(), o)
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
		t.Fatal(err)
	}
	tool := w.syncClient(ctx, s, "tool", "")
	w.consumer(ctx, s, "plain", "tool", consumers.FormPlain)
	const refused, tagged, gone = "anna@example.com", "Bert+x@gmail.com", "carl+y@gmail.com"
	for _, who := range []string{refused, tagged, gone} {
		w.mustRecord(ctx, s, withdrawal("newsletter", who))
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	w.raw().run("UPDATE events SET evidence = NULL WHERE position = (SELECT MAX(position) FROM events)") // Retention took what carl typed.
	w.raw().run("VACUUM INTO '" + backup + "'")
	w.clock.Advance(time.Minute)
	for _, who := range []string{refused, tagged, gone} {
		w.mustRecord(ctx, s, erasure(who, time.Time{}))
	}
	store, err := sqlite.Open(t.Context(), backup, sqlite.Options{Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	restored := w.keptService(store, o)
	list, err := o.ErasuresAfter(0)
	if err != nil || len(list) != 3 {
		t.Fatalf("%d erasures were kept, %v", len(list), err)
	}
	list[0].Lists[2] ^= 1 // Where the address is known, they are not needed.
	if lacked, err := restored.RepeatErasures(ctx, list); err != nil || lacked != 3 {
		t.Errorf("the restored database lacked %d erasures, %v", lacked, err)
	}
	head, err := restored.Store.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	told, err := restored.Removals(ctx, restored.Store, storage.Mark{}, storage.MarkOf(&head), consumers.RemovalID{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for i := range told {
		texts = append(texts, fmt.Sprint(told[i].Address, " ", told[i].Mailbox))
	}
	if want := []string{"anna@example.com false", "bert+x@gmail.com false", "carl@gmail.com true"}; !slices.Equal(texts, want) {
		t.Errorf("told are %q, want %q", texts, want)
	}
	for _, who := range []string{refused, tagged, gone} {
		a, err := address.Parse(who)
		if err != nil {
			t.Fatal(err)
		}
		wantHashes(t, restored, who, a.Exact(), a.Folded())
	}
	p, err := restored.ListChanges(tool, changes.Request{Consumer: "plain"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sorted(forgets(&p)), []string{
		"1 anna@example.com", "1 bert+x@gmail.com", "2 anna@example.com", "2 bert@gmail.com", "2 carl@gmail.com",
	}; !slices.Equal(got, want) {
		t.Errorf("told to forget are %q, want %q", got, want)
	}
}

// A backup from before an erasure is restored: what was kept of the erasure takes the person out of it again, without the address.
func TestRepeatErasures_RestoredBackup_ErasesAgain(t *testing.T) {
	w := newWorld(t, "sqlite")
	o := newOfficer(t)
	ctx := access.WithCaller(t.Context(), access.Process("test"))
	s := w.keptService(w.store(), o)
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
		t.Fatal(err)
	}
	const erased, imported, other = "anna+news@gmail.com", "bert@example.com", "anna@gmail.com"
	for _, who := range []string{erased, imported, other} {
		w.mustRecord(ctx, s, consentOn("newsletter", who, w.clock.Now().Add(-time.Hour)))
	}
	late := []record.BatchItem{{Statement: erasure(imported, w.clock.Now().Add(-time.Minute))}}
	if _, err := s.BatchRecord(ctx, record.Batch{Items: late}); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	w.raw().run("VACUUM INTO '" + backup + "'")
	w.clock.Advance(time.Minute)
	w.mustRecord(ctx, s, erasure(erased, time.Time{}))
	if done, err := s.ErasePending(ctx, false); err != nil || len(done.Erased) != 1 {
		t.Fatalf("%+v, %v", done, err)
	}

	store, err := sqlite.Open(t.Context(), backup, sqlite.Options{Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	restored := w.keptService(store, o)
	w.wantCheck(ctx, restored, "newsletter", erased, "ALLOW_CONSENT")
	list, err := o.ErasuresAfter(0)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d erasures were kept, %v", len(list), err)
	}
	for _, want := range []int{2, 0} { // To repeat them once more changes nothing.
		if lacked, err := restored.RepeatErasures(ctx, list); err != nil || lacked != want {
			t.Errorf("the restored database lacked %d erasures, %v; want %d", lacked, err, want)
		}
	}
	w.wantCheck(ctx, restored, "newsletter", erased, "ERASED")
	w.wantCheck(ctx, restored, "newsletter", imported, "ERASED")
	if _, err := restored.Record(ctx, consentOn("newsletter", erased, w.clock.Now().Add(-2*time.Hour)), txn.Idempotency{}); err == nil {
		t.Error("a grant from before the erasure was recorded")
	}
	wantHashes(t, restored, erased, erased, "anna@gmail.com")
	// Another spelling's consent is not erased; the suppression holds for every spelling.
	page, err := restored.History(ctx, export.HistoryInput{Address: other, Size: 10})
	if err != nil || len(page.Events) != 2 || !page.Events[0].Held {
		t.Errorf("the history of another spelling: %+v, %v", page, err)
	}
	if report := mustVerify(t, w, store); report.Found != 0 {
		t.Errorf("%+v", report.Findings)
	}
}

// An erasure that could not be kept is not made: a backup that is restored would bring the person back.
func TestErase_NotKept_IsRefusedAndErasesNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	o := newOfficer(t)
	ctx := access.WithCaller(t.Context(), access.Process("test"))
	s := w.keptService(w.store(), o)
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
		t.Fatal(err)
	}
	const who = "anna@example.com"
	w.mustRecord(ctx, s, consentOn("newsletter", who, w.clock.Now().Add(-time.Hour)))
	o.fails = errors.New("the disk is full")
	_, err := s.Record(ctx, erasure(who, time.Time{}), txn.Idempotency{})
	wantFault(t, err, fault.Unavailable)
	w.wantCheck(ctx, s, "newsletter", who, "ALLOW_CONSENT")
	o.fails = nil
	w.mustRecord(ctx, s, erasure(who, time.Time{}))
	w.wantCheck(ctx, s, "newsletter", who, "ERASED")
}
