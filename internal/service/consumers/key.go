package consumers

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
)

// keyPrefix begins the text of a key, as package suppressionfilter reads it.
const keyPrefix = "assent-list-key-1:"

// Key is the own key of a keyed consumer. Only Reveal gives it out: packages fmt, slog and encoding/json see "[key]". The zero Key is none.
type Key struct {
	// A pointer, because package fmt prints the fields of unexported fields without asking for Format.
	bytes *[32]byte
}

const redacted = "[key]"

// newKey returns a random key.
func newKey() (Key, error) {
	k := Key{bytes: &[32]byte{}}
	_, err := rand.Read(k.bytes[:])
	return k, err
}

// keyOf returns the key that was stored.
func keyOf(stored []byte) (Key, error) {
	if len(stored) != 32 {
		return Key{}, errors.New("the key of a consumer is damaged")
	}
	key := [32]byte(stored)
	return Key{bytes: &key}, nil
}

// IsZero reports whether it is none.
func (k Key) IsZero() bool { return k.bytes == nil }

// Reveal returns the bytes of a key that is one.
func (k Key) Reveal() [32]byte { return *k.bytes }

// text returns what the consumer is given once: the list key of the store and the key, as package suppressionfilter reads them.
func (k Key) text(list [32]byte) string {
	data := slices.Concat(list[:], k.bytes[:])
	sum := sha256.Sum256(append([]byte(keyPrefix), data...))
	return keyPrefix + base64.RawURLEncoding.EncodeToString(append(data, sum[:4]...))
}

// keyIDPrefix begins what the id of a key is made of, as package suppressionfilter makes it; the four bytes at its end are the number of the
// list key, for a store has one.
const keyIDPrefix = "assent/1/consumer-key-id\x00\x00\x00\x00\x00"

// ID returns the name of what the consumer was given, in lower-case hex; list is the list key of the store. It gives neither key away.
func (k Key) ID(list [32]byte) string {
	sum := sha256.Sum256(slices.Concat([]byte(keyIDPrefix), list[:], k.bytes[:]))
	return hex.EncodeToString(sum[:8])
}

// Format prints a placeholder whatever the verb.
func (k Key) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue returns a placeholder.
func (k Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns a placeholder.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }
