package cases

import (
	"context"

	"github.com/assent-io/assent/internal/service/cases/absences"
	"github.com/assent-io/assent/internal/service/cases/alarm"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// entriesKey is by what the entries of a case are read within a transaction.
type entriesKey int64

// erased are the digests of whom one transaction has erased so far.
type erased map[[32]byte]bool

func erasedOf(w *txn.Tx) erased {
	type key struct{}
	return w.Shared(key{}, func() any { return erased{} }).(erased) //nolint:errcheck,forcetypeassert // Nothing else has this key.
}

// rowOf returns the case with an id, if there is one, as the transaction has left it so far. Of a person whom it has erased nothing is in it.
func rowOf(w *txn.Tx, id int64) ([]casetable.Case, error) {
	rows, err := txn.RowsOf(w, id, casetable.CaseOf)
	for i := range rows {
		if c := &rows[i]; c.Folded != nil && erasedOf(w)[[32]byte(c.Folded)] {
			c.Folded, c.Sealed = nil, nil
			c.Revision++ // As the statement of the erasure has done.
		}
	}
	return rows, err
}

// putCase stores a case as it is now.
func putCase(w *txn.Tx, row *casetable.Case) {
	txn.PutRows(w, row.ID, []casetable.Case{*row}, casetable.PutCase(row))
}

// entriesOf returns the entries of a case as the transaction has left them so far.
func entriesOf(w *txn.Tx, id int64) ([]casetable.Entry, error) {
	return txn.RowsOf(w, entriesKey(id), func(ctx context.Context, from storage.TableReader, key entriesKey) ([]casetable.Entry, error) {
		return casetable.Entries(ctx, from, int64(key))
	})
}

// mailEntries returns the entries that are a mail as the transaction has left them so far.
func mailEntries(w *txn.Tx, mail []byte) ([]casetable.Entry, error) {
	return txn.RowsOf(w, [16]byte(mail), casetable.EntriesOfMail)
}

// storedCase returns the row of a case that is stored, if there is one.
func (s *Cases) storedCase(ctx context.Context, id int64) ([]casetable.Case, error) {
	rows, err := casetable.CaseOf(ctx, s.Store, id)
	return rows, env.StoreFault(err)
}

// tellDesk tells who is in charge of a case now, or the desk where that is not one member alone; of a case without a desk, the officers.
func (s *Cases) tellDesk(w *txn.Tx, row *casetable.Case, kind, occasion string) error {
	n := &notices.Notice{
		Audience: notices.ToDesk, Recipient: row.Department, Department: row.Department, Kind: kind, Resource: resourceOf(row), Occasion: occasion,
	}
	if row.Department == "" {
		n.Audience = notices.ToOfficer
		_, err := notices.Add(w, n)
		return err
	}
	if row.Assignee != "" {
		cat, err := w.Catalog(w.Recorded)
		if err != nil {
			return err
		}
		away, err := absences.In(w)
		if err != nil {
			return err
		}
		desk, _ := s.desk(cat, row.Department)
		charge := desk.InCharge(row.Assignee, absences.Of(absences.OfDesk(away, row.Department)), w.Recorded.Time())
		if len(charge.Members) == 1 {
			n.Audience, n.Recipient = notices.ToMember, charge.Members[0]
		}
	}
	_, err := notices.Add(w, n)
	return err
}

// resourceOf returns a case as the API names it.
func resourceOf(row *casetable.Case) string { return alarm.Resource(row) }
