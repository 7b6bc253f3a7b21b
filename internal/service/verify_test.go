package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/audit"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/storage"
)

// ledgerSize is the size of the ledger that is tampered with: the catalog, 12 consents and 12 withdrawals.
const ledgerSize = 25

// recorded fills a ledger and returns its store and a checkpoint of its first 20 events.
func recorded(t *testing.T, w *world) (storage.Store, *Service, context.Context, []byte) {
	t.Helper()
	store := w.store()
	s := w.service(store, 0)
	ctx := access.WithCaller(t.Context(), access.Process("test"))
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
		t.Fatal(err)
	}
	for n := range 12 {
		who := fmt.Sprintf("person%d@example.com", n)
		w.mustRecord(ctx, s, consentOn("newsletter", who, w.clock.Now().Add(-time.Hour)))
		w.mustRecord(ctx, s, withdrawal("newsletter", who))
	}
	proof, err := s.ProveConsistency(ctx, 1, 20)
	if err != nil {
		t.Fatal(err)
	}
	if n := positions(t, store); n != ledgerSize {
		t.Fatalf("%d events", n)
	}
	return store, s, ctx, proof.Signed
}

func mustVerify(t testing.TB, w *world, store storage.Store, checkpoints ...[]byte) audit.Report {
	t.Helper()
	var kept []audit.KeptCheckpoint
	for i, note := range checkpoints {
		kept = append(kept, audit.KeptCheckpoint{Name: fmt.Sprintf("kept-%d.txt", i+1), Note: note})
	}
	report, err := audit.Verify(t.Context(), store, w.keys, kept, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// where is a finding without its text.
type where struct {
	Kind     audit.FindingKind
	From, To int64
}

func TestVerify_UntouchedLedger_Passes(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store, s, ctx, older := recorded(t, w)
		now, err := s.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var done int64
		report, err := audit.Verify(t.Context(), store, w.keys, []audit.KeptCheckpoint{{Name: "older", Note: older}, {Name: "now", Note: now.Signed}}, func(n int64) { done = n })
		if err != nil || report.Found != 0 || len(report.Findings) != 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		if report.Events != ledgerSize || report.Subjects != 24 || report.Deleted != 0 || done != ledgerSize+24 {
			t.Errorf("%d events, %d subjects, %d deleted, %d done", report.Events, report.Subjects, report.Deleted, done)
		}
		if report.Checkpoint.Checkpoint != now.Checkpoint || string(report.Checkpoint.Signed) != string(now.Signed) {
			t.Errorf("the checkpoint is %+v, the service's %+v", report.Checkpoint, now)
		}
	})
}

func TestVerify_EmptyLedger_Passes(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		w.service(store, 0)
		if report := mustVerify(t, w, store); report.Found != 0 || report.Events != 0 {
			t.Errorf("%+v", report)
		}
	})
}

// tampering is a change of the database and what is to be found then, besides states.
type tampering struct {
	do      func(db *raw)
	want    []where
	older   bool // a checkpoint of the first 20 events is given
	states  bool // states differ, too
	deleted int64
}

func tamperings() map[string]tampering {
	actor := func(e *consent.Event) { e.Actor = "nobody" }
	return map[string]tampering{
		"header byte":    {do: func(db *raw) { db.flip("header", 7) }, want: []where{{audit.FindingAltered, 7, 7}}, states: true},
		"evidence byte":  {do: func(db *raw) { db.flip("evidence", 7) }, want: []where{{audit.FindingEvidenceAltered, 7, 7}}},
		"leaf hash byte": {do: func(db *raw) { db.flip("leaf_hash", 7) }, want: []where{{audit.FindingAltered, 7, 7}, {audit.FindingAltered, 7, 8}}},
		"tree hash byte": {do: func(db *raw) { db.flip("tree_hashes", 8) }, want: []where{{audit.FindingAltered, 1, 8}, {audit.FindingAltered, 1, 16}}},
		"evidence deleted": {
			do: func(db *raw) { db.exec("UPDATE events SET evidence = NULL WHERE position = 7") }, deleted: 1,
		},
		"column": {
			do:   func(db *raw) { db.exec("UPDATE events SET occurred_time = occurred_time + 1 WHERE position = 7") },
			want: []where{{audit.FindingAltered, 7, 7}},
		},
		"event and its hash":   {do: func(db *raw) { db.forge(7, actor) }, want: []where{{audit.FindingAltered, 7, 8}}},
		"last, with its hash":  {do: func(db *raw) { db.forge(25, actor) }, want: []where{{audit.FindingHeadDiffers, 25, 25}}},
		"eighth, its own hash": {do: func(db *raw) { db.forge(8, actor) }, want: []where{{audit.FindingAltered, 7, 8}}},
		"swapped": {
			do: func(db *raw) {
				db.exec("UPDATE events SET position = 1000 WHERE position = 5")
				db.exec("UPDATE events SET position = 5 WHERE position = 8")
				db.exec("UPDATE events SET position = 8 WHERE position = 1000")
			},
			want: []where{{audit.FindingReordered, 5, 5}, {audit.FindingReordered, 8, 8}},
		},
		"last ten deleted": {
			do:   func(db *raw) { db.exec("DELETE FROM events WHERE position > 15") },
			want: []where{{audit.FindingTruncated, 16, 25}}, states: true,
		},
		"deleted from the middle": {
			do:   func(db *raw) { db.exec("DELETE FROM events WHERE position IN (6, 10, 11)") },
			want: []where{{audit.FindingMissing, 6, 6}, {audit.FindingMissing, 10, 11}}, states: true,
		},
		"deleted and altered": {
			do: func(db *raw) {
				db.exec("DELETE FROM events WHERE position = 4")
				db.forge(11, actor)
			},
			want: []where{{audit.FindingMissing, 4, 4}, {audit.FindingAltered, 11, 12}}, states: true,
		},
		"inserted outside": {
			do: func(db *raw) {
				for _, at := range []int64{26, 0} {
					db.exec(`INSERT INTO events SELECT $1, subject, event_key, kind, recorded_time, occurred_time, actor, batch, header,
						evidence, leaf_hash, tree_hashes FROM events WHERE position = 3`, at)
				}
			},
			want: []where{{audit.FindingInserted, 0, 0}, {audit.FindingInserted, 26, 26}},
		},
		"state": {
			do: func(db *raw) {
				db.exec("UPDATE states SET state = (SELECT state FROM states WHERE position = 4) WHERE position = 5")
			},
			states: true,
		},
		"state deleted": {do: func(db *raw) { db.exec("DELETE FROM states WHERE position = 5") }, states: true},
		"head's tree": {
			do: func(db *raw) {
				tree := db.bytes("SELECT tree FROM ledger_head")
				tree[0] ^= 1
				db.exec("UPDATE ledger_head SET tree = $1", tree)
			},
			want: []where{{audit.FindingHeadDiffers, 25, 25}},
		},
		"head of an earlier time": {
			do: func(db *raw) {
				db.exec("UPDATE ledger_head SET position = 24, tree = $1", []byte(strings.Repeat("x", 64)))
			},
			want: []where{{audit.FindingInserted, 25, 25}, {audit.FindingHeadDiffers, 24, 24}},
		},
		"head's catalog": {
			do:   func(db *raw) { db.exec("UPDATE ledger_head SET catalog_version = 2") },
			want: []where{{audit.FindingHeadDiffers, 25, 25}},
		},
		"catalog": {
			do:   func(db *raw) { db.exec("UPDATE catalogs SET document = document || ' '") },
			want: []where{{audit.FindingAltered, 1, 1}},
		},
		"catalog deleted": {
			do:   func(db *raw) { db.exec("DELETE FROM catalogs") },
			want: []where{{audit.FindingMissing, 1, 1}, {audit.FindingHeadDiffers, 25, 25}},
		},
		"reference": {
			do:     func(db *raw) { db.exec("UPDATE catalog_refs SET name = 'another' WHERE name = 'newsletter'") },
			want:   []where{{audit.FindingHeadDiffers, 25, 25}},
			states: true,
		},
		"recorded before, all hashes made anew": {
			do: func(db *raw) {
				db.forge(7, func(e *consent.Event) { e.Recorded -= 1_000_000_000 })
				db.rehash(25)
			},
			want: []where{{audit.FindingReordered, 7, 7}},
		},
		"all hashes made anew": {
			do: func(db *raw) {
				db.forge(7, actor)
				db.rehash(25)
			},
			older: true, want: []where{{audit.FindingAnotherHistory, 1, 20}},
		},
		"cut off, all hashes made anew": {
			do: func(db *raw) {
				db.exec("DELETE FROM events WHERE position > 15")
				db.rehash(15)
			},
			older: true, want: []where{{audit.FindingTruncated, 16, 20}}, states: true,
		},
	}
}

func TestVerify_Tampering_IsFoundAndNamed(t *testing.T) {
	for name, c := range tamperings() {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				store, _, _, older := recorded(t, w)
				c.do(w.raw())
				var checkpoints [][]byte
				if c.older {
					checkpoints = append(checkpoints, older)
				}
				report := mustVerify(t, w, store, checkpoints...)
				var got []where
				states := false
				for _, f := range report.Findings {
					if f.Kind == audit.FindingStateDiffers {
						states = true
						continue
					}
					got = append(got, where{f.Kind, f.From, f.To})
				}
				if diff := cmp.Diff(c.want, got); diff != "" || states != c.states || report.Deleted != c.deleted {
					t.Errorf("states %t, deleted %d (-want +got):\n%s%+v", states, report.Deleted, diff, report.Findings)
				}
				if report.Found > 0 && report.Checkpoint.Signed != nil {
					t.Error("a ledger that does not hold was signed")
				}
			})
		})
	}
}

func TestVerify_ManyFindings_AreCountedAndTheFirstListed(t *testing.T) {
	w := newWorld(t, "sqlite")
	store, s, ctx, _ := recorded(t, w)
	for n := range audit.MaxFindings {
		w.mustRecord(ctx, s, withdrawal("newsletter", fmt.Sprintf("more%d@example.com", n)))
	}
	w.raw().exec("UPDATE events SET kind = 99")
	report := mustVerify(t, w, store)
	if report.Found != ledgerSize+audit.MaxFindings || len(report.Findings) != audit.MaxFindings || report.Findings[0].From != 1 {
		t.Errorf("%d findings, %d listed", report.Found, len(report.Findings))
	}
}

func TestVerify_CheckpointOfAnotherKeyOrAltered_IsNamed(t *testing.T) {
	w, other := newWorld(t, "sqlite"), newWorld(t, "sqlite")
	store, _, _, older := recorded(t, w)
	_, _, _, foreign := recorded(t, other)
	altered := []byte(strings.Replace(string(older), "\n20\n", "\n21\n", 1))
	report := mustVerify(t, w, store, foreign, older, altered)
	if report.Found != 2 || report.Findings[0].Kind != audit.FindingCheckpoint || report.Findings[1].Kind != audit.FindingCheckpoint {
		t.Fatalf("%+v", report.Findings)
	}
	for i, name := range []string{"kept-1.txt", "kept-3.txt"} {
		if !strings.HasPrefix(report.Findings[i].Message, "the checkpoint "+name+" does not belong to this ledger") {
			t.Errorf("%+v", report.Findings[i])
		}
	}
}

func TestVerify_WithoutHeadOrWithOtherKeys_IsAnError(t *testing.T) {
	w, other := newWorld(t, "sqlite"), newWorld(t, "sqlite")
	store := w.store()
	if _, err := audit.Verify(t.Context(), store, w.keys, nil, func(int64) {}); !errors.Is(err, storage.ErrNotInitialised) {
		t.Errorf("without a head: %v", err)
	}
	w.service(store, 0)
	if _, err := audit.Verify(t.Context(), store, other.keys, nil, func(int64) {}); err == nil || !strings.Contains(err.Error(), "another database") {
		t.Errorf("with other keys: %v", err)
	}
}

func TestProofs_AreVerifiedByAnotherImplementation(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store, s, ctx, older := recorded(t, w)
		_, records, err := store.Ledger(ctx, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for size := int64(1); size <= ledgerSize; size += 3 {
			for position := int64(1); position <= size; position++ {
				proof, err := s.ProveEntry(ctx, position, size)
				if err != nil {
					t.Fatal(err)
				}
				root := noteRoot(t, proof.Checkpoint)
				leaf := tlog.RecordHash(records[position-1].Header)
				hashes := make(tlog.RecordProof, len(proof.Hashes))
				for i, h := range proof.Hashes {
					hashes[i] = h
				}
				if err := tlog.CheckRecord(hashes, size, root, position-1, leaf); err != nil || string(proof.Header) != string(records[position-1].Header) {
					t.Errorf("position %d of %d: %v", position, size, err)
				}
			}
		}
		proof, err := s.ProveConsistency(ctx, 20, 0)
		if err != nil {
			t.Fatal(err)
		}
		hashes := make(tlog.TreeProof, len(proof.Hashes))
		for i, h := range proof.Hashes {
			hashes[i] = h
		}
		before := noteRoot(t, checkpoint.Checkpoint{Signed: older, VerifierKey: proof.VerifierKey})
		if err := tlog.CheckTree(hashes, ledgerSize, noteRoot(t, proof.Checkpoint), 20, before); err != nil {
			t.Error(err)
		}
	})
}

// noteRoot opens a checkpoint as any program does that reads signed notes, and returns its root.
func noteRoot(t *testing.T, c checkpoint.Checkpoint) tlog.Hash {
	t.Helper()
	verifier, err := note.NewVerifier(c.VerifierKey)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(c.Signed, note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(opened.Text, "\n")
	root, err := tlog.ParseHash(lines[2])
	if err != nil || !slices.Equal(lines[3:], []string{""}) || lines[0] != verifier.Name() {
		t.Fatalf("%q: %v", opened.Text, err)
	}
	return root
}

func TestProofs_BeyondTheLedgerOrInTheWrongOrder_AreRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	_, s, ctx, _ := recorded(t, w)
	for _, c := range []struct {
		position, size int64
		want           fault.Code
	}{
		{26, 0, fault.PositionUnknown},
		{1, 26, fault.PositionUnknown},
		{0, 0, fault.InvalidRequest},
		{5, 4, fault.InvalidRequest},
		{-1, 5, fault.InvalidRequest},
	} {
		_, err := s.ProveEntry(ctx, c.position, c.size)
		wantFault(t, err, c.want)
		_, err = s.ProveConsistency(ctx, c.position, c.size)
		wantFault(t, err, c.want)
	}
	_, err := s.Checkpoint(access.WithCaller(t.Context(), access.Caller{Client: access.Client{ID: "x", Scopes: []access.Scope{access.ScopeCheck}}}))
	wantFault(t, err, fault.ScopeMissing)
}

// What is left of an event that an erasure blanked is the hash of its leaf: it is proven without a header, for every size that has it.
func TestProveEntry_BlankEvent_ProvesTheLeafThatWasKept(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, copied, _ := blanked(t, w)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		for _, size := range []int64{0, 2, 3, copied} {
			proof, err := s.ProveEntry(ctx, 2, size)
			if err != nil || len(proof.Header) != 0 {
				t.Fatalf("size %d: header %x, %v", size, proof.Header, err)
			}
			hashes := make(tlog.RecordProof, len(proof.Hashes))
			for i, h := range proof.Hashes {
				hashes[i] = h
			}
			if err := tlog.CheckRecord(hashes, proof.Size, noteRoot(t, proof.Checkpoint), 1, proof.Leaf); err != nil {
				t.Errorf("size %d: %v", size, err)
			}
		}
		proof, err := s.ProveEntry(ctx, copied, 0)
		if err != nil || proof.Leaf != ledger.LeafHash(proof.Header) || len(proof.Header) == 0 {
			t.Errorf("the copy: %+v, %v", proof, err)
		}
		w.raw().exec(`UPDATE events SET leaf_hash = $1 WHERE position = 2`, make([]byte, ledger.HashSize))
		if _, err := s.ProveEntry(ctx, 2, 0); err == nil {
			t.Error("a blank with another hash is proven")
		}
	})
}

func TestProofs_TamperedLedger_ProvesNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	_, s, ctx, _ := recorded(t, w)
	w.raw().forge(7, func(e *consent.Event) { e.Actor = "nobody" })
	if _, err := s.ProveEntry(ctx, 7, 0); err == nil {
		t.Error("an event that was altered is proven")
	}
	if _, err := s.ProveEntry(ctx, 9, 0); err != nil {
		t.Errorf("an event that was not altered: %v", err)
	}
}
