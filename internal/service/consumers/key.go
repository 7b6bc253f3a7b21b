package consumers

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/assent-io/assent/suppressionfilter"
)

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

// listNumber is the number of the list key of a store: it has one.
const listNumber = 0

// text returns what the consumer is given once: the list key of the store and the key, as package suppressionfilter reads them.
func (k Key) text(list [32]byte) (string, error) {
	whole, err := suppressionfilter.NewKey(listNumber, list, *k.bytes)
	if err != nil {
		return "", err
	}
	return whole.RevealText(), nil
}

// ID returns the name of the list key of the store together with the key, as the files for the consumer have it. It is no secret.
func (k Key) ID(list [32]byte) (string, error) {
	whole, err := suppressionfilter.NewKey(listNumber, list, *k.bytes)
	if err != nil {
		return "", err
	}
	return whole.ID().String(), nil
}

// Format prints a placeholder whatever the verb.
func (k Key) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue returns a placeholder.
func (k Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns a placeholder.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }
