package suppressionfilter

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// KeySize is the length in bytes of each of the two keys.
const KeySize = 32

// redacted is what is printed, logged and encoded of a key.
const redacted = "[key]"

// Key is what a consumer needs to read its files: the list key of the store and the consumer's own key. Whoever has it can find out by
// trying whether an address is on the list, so it is a secret. Only RevealText gives it out: packages fmt, slog and encoding/json see
// "[key]".
//
// A Key is made by NewKey or ParseKey and never changes. It is safe for concurrent use. The zero Key is none: Open and Read refuse it, and
// its other uses panic.
type Key struct {
	// Package fmt prints unexported fields of other values without asking for Format. Of a pointer it then prints where it points to; but of
	// a pointer to a struct all that is in it, where the verb is none for pointers, such as %s. So this is a pointer to a pointer.
	held **secret
}

type secret struct {
	list, consumer [KeySize]byte
	id             KeyID
	idle           sync.Pool // of *worker
}

// KeyID names a Key without giving it away: the first eight bytes of the SHA-256 of "assent/1/list-key-id", a zero byte, the list key and
// the consumer's key. A file names its key by it.
type KeyID [8]byte

// String returns the id as 16 hexadecimal digits.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// NewKey returns the key of a consumer. Both parts have to be random; a part of zeros is refused, because it was never filled.
func NewKey(listKey, consumerKey [KeySize]byte) (Key, error) {
	if listKey == [KeySize]byte{} || consumerKey == [KeySize]byte{} {
		return Key{}, errors.New("a list key of zeros is no key: both parts are 32 random bytes")
	}
	s := &secret{list: listKey, consumer: consumerKey}
	named := sha256.New()
	named.Write([]byte("assent/1/list-key-id\x00"))
	named.Write(listKey[:])
	named.Write(consumerKey[:])
	copy(s.id[:], named.Sum(nil))
	s.idle.New = func() any { return newWorker(&s.list, &s.consumer) }
	return Key{held: &s}, nil
}

// ID returns the name of the key, which is no secret.
func (k Key) ID() KeyID { return k.must().id }

// IsZero reports whether k is the zero Key.
func (k Key) IsZero() bool { return k.held == nil }

// Equal reports whether both are the same key, in a time that tells nothing about them.
func (k Key) Equal(other Key) bool {
	if k.IsZero() || other.IsZero() {
		return k.IsZero() && other.IsZero()
	}
	a, b := k.must(), other.must()
	return subtle.ConstantTimeCompare(a.list[:], b.list[:])&subtle.ConstantTimeCompare(a.consumer[:], b.consumer[:]) == 1
}

// Hash returns the entry of a form of an address or of a domain: both steps, HashInner and HashOuter. The text is in its canonical form.
// Hash panics for an unknown form.
func (k Key) Hash(form Form, text string) Hash {
	s := k.must()
	w := s.start()
	defer s.idle.Put(w)
	return w.hash(form, text)
}

func (k Key) must() *secret {
	if k.held == nil {
		panic("suppressionfilter: the zero Key is none; make one by NewKey or ParseKey")
	}
	return *k.held
}

// start returns a worker, which may be put back among the idle ones.
func (s *secret) start() *worker {
	w, _ := s.idle.Get().(*worker) // New makes nothing else.
	return w
}

// Format prints a placeholder whatever the verb.
func (k Key) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// String returns a placeholder.
func (k Key) String() string { return redacted }

// LogValue returns a placeholder.
func (k Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns a placeholder, as JSON.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// MarshalText returns a placeholder.
func (k Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }
