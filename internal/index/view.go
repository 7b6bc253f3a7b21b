package index

import (
	"math/rand/v2"
	"sync"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// View is the index as of one head. Nothing changes while it is open, so it is closed soon: rounds, and with them all other readers,
// wait for it. A goroutine that holds one opens no other, waits for no fence and does not ask the database.
type View struct {
	states *states
	lock   *sync.RWMutex
}

// View opens a view; false if the index cannot answer now, and there is nothing to close then.
func (x *Index) View() (View, bool) {
	lock := &x.states.locks[rand.Uint32N(lockCount)].RWMutex
	lock.RLock()
	if x.states.head.Load() == nil {
		lock.RUnlock()
		return View{}, false
	}
	return View{x.states, lock}, true
}

// Close ends the view. It is called once.
func (v View) Close() { v.lock.RUnlock() }

// Head returns the head as of which everything in the view is. It stays valid after Close, and is not to be changed.
func (v View) Head() *storage.Head { return v.states.head.Load() }

// Find returns the packed state under the key. If it is nil and ok is true, the database has to be asked for it. The bytes are valid
// until Close, and not to be changed. Keys of confirmation mails are never found.
func (v View) Find(key *storage.SubjectKey) (packed []byte, ok bool) {
	if key.Form == consent.FormMail {
		return nil, false
	}
	return v.states.table.find(&key.Digest)
}
