package suppressionfilter

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/assent-io/assent/internal/address"
)

// KeySize is the length in bytes of each of the two keys.
const KeySize = 32

// keyIDPrefix begins the text that the id of a key is made of.
const keyIDPrefix = "assent/1/consumer-key-id\x00"

// redacted is what is printed, logged and encoded of a key.
const redacted = "[key]"

// Key is the consumer key: what a consumer needs to read its files, which are the list key of the store with its number, and a key of the
// consumer's own. With it and a file one can find out by trying whether an address is on the list, so it is a secret. Only RevealText gives
// it out: packages fmt, slog and encoding/json see "[key]".
//
// A Key is made by NewKey or ParseKey and never changes. It is safe for concurrent use. The zero Key is none: Open and Read refuse it, and
// its other uses panic.
type Key struct {
	// Package fmt prints unexported fields of other values without asking for Format. Of a pointer it then prints where it points to; but of
	// a pointer to a struct all that is in it, where the verb is none for pointers, such as %s. So this is a pointer to a pointer.
	held **secret
}

type secret struct {
	listNumber uint32
	list, own  [KeySize]byte
	id         KeyID
	idle       sync.Pool // of *worker
}

// KeyID names a Key without giving it away: the first eight bytes of the SHA-256 of "assent/1/consumer-key-id", a zero byte, the number of
// the list key as four bytes, the list key and the consumer's own key. A file names its key by it.
type KeyID [8]byte

// String returns the id as 16 hexadecimal digits.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// NewKey returns the key of a consumer. The number tells the list keys of a store apart: stores have one list key now, whose number is 0.
// Both keys have to be random; a key of zeros is refused, because it was never filled.
func NewKey(listNumber uint32, listKey, ownKey [KeySize]byte) (Key, error) {
	if listKey == [KeySize]byte{} || ownKey == [KeySize]byte{} {
		return Key{}, errors.New("a key of zeros is no key: the list key and the consumer's own key are 32 random bytes each")
	}
	s := &secret{listNumber: listNumber, list: listKey, own: ownKey}
	named := sha256.New()
	named.Write(binary.BigEndian.AppendUint32([]byte(keyIDPrefix), listNumber))
	named.Write(listKey[:])
	named.Write(ownKey[:])
	copy(s.id[:], named.Sum(nil))
	s.idle.New = func() any { return newWorker(&s.list, &s.own) }
	return Key{held: &s}, nil
}

// ID returns the name of the key, which is no secret.
func (k Key) ID() KeyID { return k.must().id }

// ListNumber returns the number of the list key.
func (k Key) ListNumber() uint32 { return k.must().listNumber }

// IsZero reports whether k is the zero Key.
func (k Key) IsZero() bool { return k.held == nil }

// Equal reports whether both are the same key, in a time that tells nothing about them.
func (k Key) Equal(other Key) bool {
	if k.IsZero() || other.IsZero() {
		return k.IsZero() && other.IsZero()
	}
	a, b := k.must(), other.must()
	same := subtle.ConstantTimeCompare(a.list[:], b.list[:]) & subtle.ConstantTimeCompare(a.own[:], b.own[:])
	return same == 1 && a.listNumber == b.listNumber
}

// Hash returns the entry of an address or a domain: both steps, HashInner and HashOuter. The text is the canonical one of the match.
// Hash panics for an unknown match.
func (k Key) Hash(match Match, text string) Hash {
	s := k.must()
	w := s.start()
	defer s.idle.Put(w)
	return w.hash(match, text)
}

// Hashes returns the hashes of all entries that cover an address: of its folded and its exact form, its domain, and each parent of that. The
// address may be written as people type it; the error is an ErrAddress. A program that keeps them asks filters without hashing again:
//
//	hit := slices.ContainsFunc(hashes, filter.MayContainHash)
//
// They are made anew after an update of this module, because another version may have other rules for the forms of an address.
func (k Key) Hashes(typed string) ([]Hash, error) {
	a, err := address.Parse(typed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	s := k.must()
	w := s.start()
	defer s.idle.Put(w)
	hashes := []Hash{w.hash(MatchFolded, a.Folded()), w.hash(MatchExact, a.Exact())}
	for _, domain := range a.AppendDomains(nil) {
		hashes = append(hashes, w.hash(MatchDomain, domain))
	}
	return hashes, nil
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
