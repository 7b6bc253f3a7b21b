package contacts

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// locked is a transaction, as its writes have left the rows so far.
type locked struct {
	*txn.Tx

	rows map[[32]byte][]sendtable.Contact     // of persons that were read or written
	wish map[[32]byte][]sendtable.PersonalCap // likewise; at most one each
	gone map[[32]byte]bool                    // whom a write of the transaction has erased
}

// under returns the rows of a transaction, which all its writes share.
func under(w *txn.Tx) *locked {
	type key struct{}
	fresh := func() any {
		return &locked{
			Tx: w, rows: map[[32]byte][]sendtable.Contact{}, wish: map[[32]byte][]sendtable.PersonalCap{}, gone: map[[32]byte]bool{},
		}
	}
	return w.Shared(key{}, fresh).(*locked) //nolint:errcheck,forcetypeassert // Nothing else has this key.
}

func (l *locked) send(id string) (*sendtable.Send, error) {
	rows, err := txn.RowsOf(l.Tx, id, sendtable.SendOf)
	return first(rows), err
}

func (l *locked) contacts(persons [][32]byte) (map[[32]byte][]sendtable.Contact, error) {
	err := readMissing(l.Tx, l.rows, persons, sendtable.Contacts, func(row *sendtable.Contact) [32]byte { return row.Folded })
	return l.rows, err
}

func (l *locked) caps(persons [][32]byte) (map[[32]byte]sendtable.PersonalCap, error) {
	err := readMissing(l.Tx, l.wish, persons, wishesOf, func(row *sendtable.PersonalCap) [32]byte { return row.Folded })
	by := map[[32]byte]sendtable.PersonalCap{}
	for _, p := range persons {
		if caps := l.wish[p]; len(caps) > 0 {
			by[p] = caps[0]
		}
	}
	return by, err
}

// readMissing reads the rows of those persons that no write of the transaction has read or written.
func readMissing[Row any](
	w *txn.Tx, known map[[32]byte][]Row, persons [][32]byte, read func(context.Context, storage.TableReader, [][32]byte) ([]Row, error),
	of func(*Row) [32]byte,
) error {
	var missing [][32]byte
	for _, p := range persons {
		if _, seen := known[p]; !seen {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.SortFunc(missing, compare) // Rows that are read one after the other lie beside each other then.
	type many struct{}                // Nothing is put under this key.
	rows, err := txn.RowsOf(w, many{}, func(ctx context.Context, from storage.TableReader, _ many) ([]Row, error) {
		return read(ctx, from, missing)
	})
	if err != nil {
		return err
	}
	for _, p := range missing {
		known[p] = nil
	}
	for i := range rows {
		p := of(&rows[i])
		known[p] = append(known[p], rows[i])
	}
	return nil
}

// wishesOf returns the caps of persons, which are in the order of their digests. Few persons have one: where many are asked about, it first reads all caps
// that there are, up to a number that costs little.
func wishesOf(ctx context.Context, from storage.TableReader, persons [][32]byte) ([]sendtable.PersonalCap, error) {
	if limit := len(persons) / 4; limit > 0 {
		rows, err := sendtable.PersonalCapsBetween(ctx, from, persons[0], persons[len(persons)-1], limit)
		if err != nil {
			return nil, err
		}
		if len(rows) < limit {
			return slices.DeleteFunc(rows, func(c sendtable.PersonalCap) bool {
				_, asked := slices.BinarySearchFunc(persons, c.Folded, compare)
				return !asked
			}), nil
		}
	}
	return sendtable.PersonalCaps(ctx, from, persons)
}

// put stores contacts of persons whose rows were read, each in the place of that of the person and the send.
func (l *locked) put(rows []sendtable.Contact) {
	for i := range rows {
		row := &rows[i]
		others := without(l.rows[row.Folded], row.Send)
		l.rows[row.Folded] = append(others, *row)
	}
	slices.SortFunc(rows, func(x, y sendtable.Contact) int { return compare(x.Folded, y.Folded) })
	for _, statement := range sendtable.PutContacts(rows) {
		l.WriteTable(statement)
	}
}

// forget deletes all that is known of a person.
func (l *locked) forget(person [32]byte) {
	l.rows[person], l.wish[person], l.gone[person] = nil, nil, true
	l.WriteTable(sendtable.DropContactsAbout(person))
	l.WriteTable(sendtable.DropPersonalCap(person))
}

func without(rows []sendtable.Contact, send string) []sendtable.Contact {
	return slices.DeleteFunc(slices.Clone(rows), func(c sendtable.Contact) bool { return c.Send == send })
}

// contactOf returns the contact with a send; nil: there is none.
func contactOf(rows []sendtable.Contact, send string) *sendtable.Contact {
	i := slices.IndexFunc(rows, func(c sendtable.Contact) bool { return c.Send == send })
	if i < 0 {
		return nil
	}
	return &rows[i]
}
