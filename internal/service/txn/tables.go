package txn

import (
	"context"
	mathrand "math/rand/v2"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// PutClient stores a client, in the place of the one with its id.
func (w *Tx) PutClient(c tables.Client) {
	w.Head.ClientsVersion += 1 + mathrand.Int64N(1<<32) // Another history must not come to the same one.
	w.Head.Recorded = w.Recorded
	w.Tables = append(w.Tables, tables.PutClient(&c))
	w.put = append(w.put, c)
	w.Changed, w.written = true, true
}

// StoredClients returns the clients as the transaction has left them so far. The first write of a transaction that asks reads them.
func (w *Tx) StoredClients() ([]tables.Client, error) {
	if w.stored == nil {
		_, clients, err := tables.Clients(w.ctx, w.tx)
		if err != nil {
			return nil, err
		}
		w.stored = &clients
	}
	for _, c := range w.put {
		*w.stored = append(slices.DeleteFunc(*w.stored, func(o tables.Client) bool { return o.ID == c.ID }), c)
	}
	w.put = nil
	return *w.stored, nil
}

// Returned notes that the caller brought back an erased person, for the officer to follow up (GDPR Art. 19), and returns the error that says so.
// The note is kept also where the write is refused, for the refusal is why there is one.
func (w *Tx) Returned(r *Validated, refused error) error {
	l := subjects.NewLocator(w.engine.Keys, 1)
	at, err := l.Place(consent.FormFolded, r.Entry.Address.Folded())
	if err != nil {
		return err
	}
	s, err := w.Subject(&at)
	if err != nil {
		return err
	}
	w.Tables = append(w.Tables, tables.AddReturn(&tables.Return{Subject: s.ID, Day: w.Recorded.Day(), Client: w.Caller.ID, Count: 1}))
	w.Changed = true
	return refused
}

// SaveConsumer has a statement run that stores a consumer as the row says, which the writes after it in the transaction see.
func (w *Tx) SaveConsumer(c tables.Consumer, statement storage.Statement) {
	w.saved = append(w.saved, c)
	w.WriteTable(statement)
}

// ActiveConsumers returns the consumers of the change feed that were not revoked, as the transaction has left them so far. The first write of
// a transaction that asks reads them.
func (w *Tx) ActiveConsumers() ([]tables.Consumer, error) {
	if w.consumers == nil {
		_, consumers, err := tables.ActiveConsumers(w.ctx, w.tx)
		if err != nil {
			return nil, err
		}
		w.consumers = &consumers
	}
	all := w.withSaved(*w.consumers, func(*tables.Consumer) bool { return true })
	return slices.DeleteFunc(all, func(c tables.Consumer) bool { return c.Revoked != 0 }), nil
}

// ConsumerOf returns the consumer with an id as the transaction has left it so far, if there is one.
func (w *Tx) ConsumerOf(id string) ([]tables.Consumer, error) {
	_, found, err := tables.ConsumerOf(w.ctx, w.tx, id)
	return w.withSaved(found, func(c *tables.Consumer) bool { return c.ID == id }), err
}

// ConsumersOfClient returns the consumers of a client, those revoked included, as the transaction has left them so far.
func (w *Tx) ConsumersOfClient(client string) ([]tables.Consumer, error) {
	_, found, err := tables.ConsumersOfClient(w.ctx, w.tx, client)
	return w.withSaved(found, func(c *tables.Consumer) bool { return c.Client == client }), err
}

// withSaved returns a copy of the consumers with those of a kind that the transaction has saved, in the place of those with their ids.
func (w *Tx) withSaved(stored []tables.Consumer, of func(*tables.Consumer) bool) []tables.Consumer {
	all := slices.Clone(stored)
	for i := range w.saved {
		c := &w.saved[i]
		if of(c) {
			all = append(slices.DeleteFunc(all, func(o tables.Consumer) bool { return o.ID == c.ID }), *c)
		}
	}
	return all
}

// ListHashesOf returns the hashes that are stored of a folded subject; this transaction's own are missing.
func (w *Tx) ListHashesOf(folded consent.SubjectID) ([]tables.ListHash, error) {
	return tables.ListHashes(w.ctx, w.tx, []consent.SubjectID{folded})
}

// RowsOf returns the rows of a table beside the ledger that are read by a key, as the transaction has left them so far: as they were when the
// head was locked, unless one of its writes has put others.
func RowsOf[K comparable, Row any](w *Tx, key K, read func(context.Context, storage.TableReader, K) ([]Row, error)) ([]Row, error) {
	if rows, put := rowsOf[K, Row](w)[key]; put {
		return slices.Clone(rows), nil
	}
	return read(w.ctx, w.tx, key)
}

// PutRows has statements run that leave the rows of a key so, which are not changed any more.
func PutRows[K comparable, Row any](w *Tx, key K, rows []Row, statements ...storage.Statement) {
	rowsOf[K, Row](w)[key] = rows
	w.Tables = append(w.Tables, statements...)
	w.beside()
}

func rowsOf[K comparable, Row any](w *Tx) map[K][]Row {
	type table struct{} // another one for each K and Row
	fresh := func() any { return map[K][]Row{} }
	return w.Shared(table{}, fresh).(map[K][]Row) //nolint:errcheck,forcetypeassert // Nothing else has this key.
}

// Shared returns what the writes of one transaction share under a key, made by the first of them that asks. It ends with the transaction.
func (w *Tx) Shared(key any, fresh func() any) any {
	if _, made := w.shared[key]; !made {
		if w.shared == nil {
			w.shared = map[any]any{}
		}
		w.shared[key] = fresh()
	}
	return w.shared[key]
}

// WriteTable has a statement run with the transaction, on a table beside the ledger.
func (w *Tx) WriteTable(statement storage.Statement) {
	w.Tables = append(w.Tables, statement)
	w.beside()
}

// beside notes that the transaction writes to a table beside the ledger.
func (w *Tx) beside() {
	w.Head.Recorded = w.Recorded
	w.Changed, w.written = true, true
}

// WriteTableAt has a statement run with the transaction that names the mark of the head after it.
func (w *Tx) WriteTableAt(statement func(storage.Mark) storage.Statement) {
	w.tablesAt = append(w.tablesAt, statement)
	w.Changed, w.written = true, true
}

// ListVersions returns the versions of an external list, the last first, and its activations, by position, as they were when the head was
// locked.
func (w *Tx) ListVersions(id string) ([]tables.ExternalListVersion, []tables.ListActivation, error) {
	versions, err := tables.ExternalListVersions(w.ctx, w.tx, id)
	if err != nil {
		return nil, nil, err
	}
	activations, err := tables.ListActivations(w.ctx, w.tx, 0)
	return versions, slices.DeleteFunc(activations, func(a tables.ListActivation) bool { return a.List != id }), err
}

// ExternalListOf returns the external list with the id, if there is one.
func (w *Tx) ExternalListOf(id string) ([]tables.ExternalList, error) {
	return tables.ExternalListOf(w.ctx, w.tx, id)
}

// KeepMailbox notes that an exact subject holds an address with the folded form that is found at the place: an erasure takes the text of the
// folded form also where it is that of another spelling.
func (w *Tx) KeepMailbox(folded *subjects.Place, exact *Subject) {
	w.mailboxes.keep(w.engine.Keys, w.Head.DigestKeys, folded, &exact.Subject)
	w.beside()
}

// DropMailbox forgets an exact subject, which holds no address any more.
func (w *Tx) DropMailbox(folded *subjects.Place, exact *Subject) {
	w.mailboxes.drop(w.engine.Keys, folded, &exact.Subject)
	w.beside()
}

// MergeMailbox makes the exact subjects of a mailbox those of its folded subject, whose text is about to go: some may have been noted before
// there were rows with its digest key.
func (w *Tx) MergeMailbox(at *subjects.Place, folded *Subject) {
	w.mailboxes.merge(w.engine.Keys, at, &folded.Subject)
	w.beside()
}
