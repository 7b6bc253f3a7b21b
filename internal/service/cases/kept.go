package cases

import (
	"context"

	"github.com/assent-io/assent/internal/address"
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

// ForgetCases takes what is personal from cases that were closed longer ago than the catalog keeps it. Without a period in the catalog
// cases are kept.
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
