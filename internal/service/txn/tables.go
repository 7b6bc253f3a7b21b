package txn

import (
	mathrand "math/rand/v2"
	"slices"

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

// AddReturn notes that something of an erased person came back. The note is kept also where the write is refused, for the refusal
// is why there is one.
func (w *Tx) AddReturn(r tables.Return) {
	w.Tables = append(w.Tables, tables.AddReturn(&r))
	w.Changed = true
}

// ActiveConsumers returns the consumers of the change feed that were not revoked when the head was locked. The first write of a transaction
// that asks reads them. The slice is not to be changed.
func (w *Tx) ActiveConsumers() ([]tables.Consumer, error) {
	if w.consumers == nil {
		_, consumers, err := tables.ActiveConsumers(w.ctx, w.tx)
		if err != nil {
			return nil, err
		}
		w.consumers = &consumers
	}
	return *w.consumers, nil
}

// ConsumerOf returns the consumer with an id as it was when the head was locked, if there was one.
func (w *Tx) ConsumerOf(id string) ([]tables.Consumer, error) {
	_, found, err := tables.ConsumerOf(w.ctx, w.tx, id)
	return found, err
}

// WriteTable has a statement run with the transaction, on a table beside the ledger.
func (w *Tx) WriteTable(statement storage.Statement) {
	w.Head.Recorded = w.Recorded
	w.Tables = append(w.Tables, statement)
	w.Changed, w.written = true, true
}

// WriteTableAt has a statement run with the transaction that names the mark of the head after it.
func (w *Tx) WriteTableAt(statement func(storage.Mark) storage.Statement) {
	w.tablesAt = append(w.tablesAt, statement)
	w.Changed, w.written = true, true
}
