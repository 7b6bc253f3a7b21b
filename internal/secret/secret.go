// Package secret holds texts, such as keys and passwords, that nothing may print by accident.
package secret

import (
	"encoding/json"
	"log/slog"
)

const redacted = "[redacted]"

// Text is a text that nothing prints, logs or encodes by accident: only
// Reveal gives it out. The zero value is the empty text.
type Text struct {
	// A pointer, because package fmt prints the fields of unexported fields
	// without asking for String: of a pointer it then prints the address.
	value *string
}

// New returns a secret that holds the text.
func New(text string) Text {
	return Text{value: &text}
}

// Reveal returns the text.
func (s Text) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal reports whether both hold the same text.
func (s Text) Equal(other Text) bool {
	return s.Reveal() == other.Reveal()
}

// String returns a fixed text, or nothing for the empty one.
func (s Text) String() string {
	if s.Reveal() == "" {
		return ""
	}
	return redacted
}

// GoString returns what String does.
func (s Text) GoString() string { return s.String() }

// LogValue returns what String does.
func (s Text) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON returns what String does, as JSON.
func (s Text) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText returns what String does.
func (s Text) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
