package cases

import (
	"context"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cases/sealed"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// ErasedCases takes a person who is being erased from the cases: the address, the digest and all that was said. Numbers, times and outcomes stay.
// It is a hook of [txn.Hooks].
func (s *Cases) ErasedCases(w *txn.Tx, e *txn.Erased) error {
	digest, found, err := s.erasedDigest(e)
	if err != nil || !found {
		return err
	}
	erasedOf(w)[digest] = true
	for _, statement := range casetable.BlankCasesAbout(digest) {
		w.WriteTable(statement)
	}
	return nil
}

// erasedDigest returns the digest of an address that is being erased. Of an erasure that an older program kept it may not be known.
func (s *Cases) erasedDigest(e *txn.Erased) (digest [32]byte, found bool, err error) {
	if e.Lists != nil && e.Lists.FoldVersion == address.FoldVersion {
		return sealed.DigestOfHash(e.Lists.Folded), true, nil
	}
	a, err := address.Parse(e.Address)
	if err != nil {
		return digest, false, nil //nolint:nilerr // The address is not known.
	}
	digest, err = sealed.DigestOf(s.Keys, a)
	return digest, err == nil, err
}

// ForgetCases takes what is personal from cases that were closed, or that were answered and never closed, longer ago than the catalog keeps it; of
// the latter the last answer counts, and they are closed without an outcome. Without a period in the catalog cases are kept.
func (s *Cases) ForgetCases(ctx context.Context) error {
	now := s.Clock()
	head, err := s.Store.Head(ctx)
	if err != nil {
		return env.StoreFault(err)
	}
	cat, err := s.catalog(ctx, &head)
	if err != nil {
		return err
	}
	kept := keptFor(cat)
	if kept.IsZero() {
		return nil
	}
	if err := s.closeForgotten(access.WithCaller(ctx, access.Process(AuthorID)), kept, now); err != nil {
		return err
	}
	for {
		const page = 100
		rows, err := casetable.ClosedCases(ctx, s.Store, page)
		if err != nil {
			return env.StoreFault(err)
		}
		var statements []storage.Statement
		for i := range rows {
			if !kept.AddTo(rows[i].Closed.Time()).After(now) {
				statements = append(statements, casetable.BlankCase(rows[i].ID)...)
			}
		}
		if len(statements) == 0 {
			return nil
		}
		if err := s.Store.WriteTables(ctx, statements...); err != nil || len(rows) < page {
			return env.StoreFault(err)
		}
	}
}

// closeForgotten closes cases of which the desk never said what came of them, once they are kept no longer after their answer, and takes what is
// personal from them.
func (s *Cases) closeForgotten(ctx context.Context, kept period.Period, now time.Time) error {
	const page = 100
	for after := int64(0); ; {
		rows, err := casetable.AnsweredCases(ctx, s.Store, after, page)
		if err != nil {
			return env.StoreFault(err)
		}
		for i := range rows {
			if kept.AddTo(rows[i].Answered.Time()).After(now) {
				continue
			}
			err := s.engine.Do(ctx, &txn.Write{Run: func(w *txn.Tx) error {
				on, err := s.on(w, rows[i].ID)
				if err != nil {
					return err
				}
				return on.forget(kept, now)
			}})
			if err != nil {
				return err
			}
		}
		if len(rows) < page {
			return nil
		}
		after = rows[page-1].ID
	}
}

// forget closes a case that is kept no longer after its last answer, and takes all that was said from it, with its entries, and who worked on it.
func (on *onCase) forget(kept period.Period, now time.Time) error {
	entries, err := entriesOf(on.Tx, on.row.ID)
	if err != nil {
		return err
	}
	last := on.row.Answered
	for i := range entries {
		if entries[i].Kind == EntryAnswer {
			last = max(last, entries[i].Time)
		}
	}
	if on.state() != casework.Answered || kept.AddTo(last.Time()).After(now) {
		return nil
	}
	on.row.State, on.row.Closed, on.row.Assignee, on.row.Folded, on.row.Sealed = string(casework.Closed), on.Recorded, "", nil, nil
	on.put()
	txn.PutRows(on.Tx, entriesKey(on.row.ID), []casetable.Entry(nil), casetable.BlankCase(on.row.ID)...)
	return nil
}
