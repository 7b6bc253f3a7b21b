package txn

import (
	"sync/atomic"

	"github.com/assent-io/assent/internal/storage"
)

// Acknowledged is how far this server's own writes have come. Its next answers show all of them.
type Acknowledged struct{ position, revision, clients atomic.Int64 }

// Note notes the head that a write left, before the write is acknowledged; nil: it changed nothing. Writes are noted one after the other.
func (w *Acknowledged) Note(head *storage.Head) {
	if head != nil {
		w.position.Store(head.Position)
		w.revision.Store(head.Revision)
		w.clients.Store(head.ClientsVersion)
	}
}

// IsIn reports whether a head has all of it.
func (w *Acknowledged) IsIn(head *storage.Head) bool {
	return w.position.Load() <= head.Position && w.revision.Load() <= head.Revision && w.clients.Load() <= head.ClientsVersion
}
