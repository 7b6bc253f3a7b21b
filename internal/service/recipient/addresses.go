package recipient

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// addresses reads the rows of exact subjects by the ids that links name. What is asked for while a read is under way is read together after it:
// after a mailing many links are followed at once, and a read for each of them cost a third of a click.
type addresses struct {
	store storage.Reader
	turn  chan struct{} // holds one value while a caller reads

	mu   sync.Mutex
	next *addressRead // that callers join until it begins
}

// addressRead is a read that many callers wait for.
type addressRead struct {
	ids  []consent.SubjectID
	done chan struct{}

	// Set before done is closed.
	rows map[consent.SubjectID]storage.Subject
	err  error
}

// addressTimeout is how long a read may take. It does not end with the caller that makes it, for others wait for it, too.
const addressTimeout = 20 * time.Second

// errAddressRead is what those get that wait for a read which a panic broke off.
var errAddressRead = errors.New("the read of an address was broken off")

func newAddresses(store storage.Reader) *addresses {
	return &addresses{store: store, turn: make(chan struct{}, 1), next: newAddressRead()}
}

func newAddressRead() *addressRead {
	return &addressRead{done: make(chan struct{}), err: errAddressRead}
}

// row returns the row of the exact subject with an id, read after the call began; false if there is none with an address.
func (a *addresses) row(ctx context.Context, id consent.SubjectID) (storage.Subject, bool, error) {
	a.mu.Lock()
	r := a.next
	r.ids = append(r.ids, id)
	a.mu.Unlock()
	select {
	case <-r.done:
	case a.turn <- struct{}{}:
		a.readFor(ctx, r)
	case <-ctx.Done():
		return storage.Subject{}, false, ctx.Err()
	}
	row, found := r.rows[id]
	return row, found, r.err
}

// readFor makes a read for a caller that has the turn, which it gives back, unless an earlier caller has made it.
func (a *addresses) readFor(ctx context.Context, r *addressRead) {
	defer func() { <-a.turn }()
	select {
	case <-r.done:
		return
	default:
	}
	runtime.Gosched() // What is ready to ask may join.
	a.mu.Lock()
	a.next = newAddressRead()
	a.mu.Unlock()
	defer close(r.done)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), addressTimeout)
	defer cancel()
	_, found, err := a.store.SubjectsByID(limited, r.ids)
	rows := make(map[consent.SubjectID]storage.Subject, len(found))
	for i := range found {
		if found[i].Key.Form == consent.FormExact && found[i].Address != nil {
			rows[found[i].ID] = found[i]
		}
	}
	r.rows, r.err = rows, err
}
