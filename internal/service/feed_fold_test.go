package service

import (
	"context"
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

// foldedBy has all list hashes that are kept be those of a program with another version of the rules of folding.
func (w *world) foldedBy(ctx context.Context, s *Service, version int) (found int) {
	w.t.Helper()
	ids, err := s.Store.SubjectIDs(ctx, consent.SubjectID{}, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	rows, err := tables.ListHashes(ctx, s.Store, ids)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range rows {
		row := &rows[i]
		of := slices.Concat(row.Subject[:], row.Spelling[:])
		plain, err := w.keys.Open(seal.PurposeListHash, of, row.Sealed)
		if err != nil {
			w.t.Fatal(err)
		}
		if row.Sealed, err = w.keys.Seal(seal.PurposeListHash, of, txn.PackHashes(version, [32]byte(plain))); err != nil {
			w.t.Fatal(err)
		}
		if err := s.Store.WriteTables(ctx, tables.PutListHash(row)); err != nil {
			w.t.Fatal(err)
		}
	}
	return len(rows)
}

func TestFeed_HashThatWasKeptByOtherRulesOfFolding_SaysSo(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const text = "a.nna@gmail.com"
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: text, Reason: consent.ReasonHardBounce})
		w.mustRecord(ctx, s, withdrawal("newsletter", text))
		w.mustRecord(ctx, s, withdrawal("newsletter", "bert@example.com"))
		if _, err := s.Record(ctx, statement.Statement{Kind: consent.KindErase, Address: text}, txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		r := w.reader(ctx, s, "tool", consumers.FormKeyed)
		for _, version := range []int{address.FoldVersion, address.FoldVersion + 1, address.FoldVersion - 1} {
			if found := w.foldedBy(ctx, s, version); found == 0 {
				t.Fatal("no hashes are kept")
			}
			want := version
			if version == address.FoldVersion {
				want = 0
			}
			told := map[string]int{}
			err := s.ExportSuppressions(r.ctx, changes.Request{Consumer: "tool"}, func(p changes.Part) error {
				for _, e := range p.Entries {
					told[cardOf(&e)] = e.FoldVersion
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			listed := map[string]int{}
			for _, e := range r.list(t, "newsletter", "tool").entries {
				listed[cardOf(&changes.Entry{Match: e.Match, Hash: e.Hash})] = e.FoldVersion
			}
			gone, here := r.name(consent.FormFolded, "anna@gmail.com"), r.name(consent.FormFolded, "bert@example.com")
			for what, of := range map[string]map[string]int{"the snapshot": told, "the block list": listed} {
				for card, want := range map[string]int{gone: want, here: 0} {
					if got, ok := of[card]; !ok || got != want {
						t.Errorf("version %d: %s has the version %d of %s (%t), want %d", version, what, got, card, ok, want)
					}
				}
			}
		}
	})
}
