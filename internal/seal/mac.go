package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"hash"
	"slices"
	"sync"

	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/prf/hmacprf"
)

// mac computes HMAC-SHA-256 under one key. It is what Tink's PRF of the same key computes, but keeps the hashes of the padded key, which
// are half of the work, and takes no memory. It is safe for concurrent use.
type mac struct {
	id   uint32 // of the key
	idle sync.Pool
}

// worker is a hash with the key in it, for one at a time.
type worker struct {
	hash hash.Hash
	in   []byte
	out  [sha256.Size]byte
}

func newMAC(id uint32, key []byte) *mac {
	m := &mac{id: id}
	m.idle.New = func() any {
		w := &worker{hash: hmac.New(sha256.New, key), in: make([]byte, 0, 320)}
		w.hash.Reset() // From now on it restarts from the hashes of the padded key.
		return w
	}
	return m
}

// start returns a worker, which may be put back among the idle ones.
func (m *mac) start() *worker {
	w, _ := m.idle.Get().(*worker) // New makes nothing else.
	return w
}

// sum returns the digest of a prefix and data of any length.
func (m *mac) sum(prefix string, data []byte) [sha256.Size]byte {
	w := m.start()
	w.in = append(w.in[:0], prefix...)
	w.hash.Reset()
	w.hash.Write(w.in)
	w.hash.Write(data)
	w.hash.Sum(w.out[:0])
	sum := w.out
	m.idle.Put(w)
	return sum
}

// sum returns the digest of a prefix and a form of an address, which stands until the next one.
func (w *worker) sum(prefix, data string) *[sha256.Size]byte {
	w.in = append(append(w.in[:0], prefix...), data...)
	w.hash.Reset()
	w.hash.Write(w.in)
	w.hash.Sum(w.out[:0])
	return &w.out
}

// readMACs returns the keys of a keyset for keyed digests, the primary one first and the others by their id.
func readMACs(handle *keyset.Handle) ([]*mac, error) {
	wrong := errors.New("it is not a key for keyed digests")
	if _, err := prf.NewPRFSet(handle); err != nil {
		return nil, wrong // What Tink would not use is not used.
	}
	primary, err := handle.Primary()
	if err != nil {
		return nil, wrong
	}
	macs := make([]*mac, handle.Len())
	for i := range macs {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, wrong
		}
		key, ok := entry.Key().(*hmacprf.Key)
		if !ok {
			return nil, wrong
		}
		if of, ok := key.Parameters().(*hmacprf.Parameters); !ok || of.HashType() != hmacprf.SHA256 {
			return nil, wrong
		}
		macs[i] = newMAC(entry.KeyID(), key.KeyBytes().Data(insecuresecretdataaccess.Token{}))
	}
	slices.SortFunc(macs, func(a, b *mac) int {
		if (a.id == primary.KeyID()) != (b.id == primary.KeyID()) {
			if a.id == primary.KeyID() {
				return -1
			}
			return 1
		}
		return int(int64(a.id) - int64(b.id))
	})
	return macs, nil
}

// listKeyPrefix sets the list key apart from everything else that is made with the event key.
const listKeyPrefix = "assent/1/list\x00"

// listKey is the list key of a store: HMAC-SHA-256 of [listKeyPrefix] and the store id under the event key. It is as permanent as that key is: the hashes
// that an erasure keeps are made with it when the address is known for the last time.
type listKey struct {
	bytes [32]byte
	mac   *mac
}

func newListKey(event *mac, storeID [16]byte) *listKey {
	k := &listKey{bytes: event.sum(listKeyPrefix, storeID[:])}
	k.mac = newMAC(0, k.bytes[:])
	return k
}
