package config

import (
	"encoding/json"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a text that nothing prints, logs or encodes by accident: only
// Reveal gives it out. The zero value is the empty text.
type Secret struct {
	// A pointer, because package fmt prints the fields of unexported fields
	// without asking for String: of a pointer it then prints the address.
	value *string
}

// NewSecret returns a secret that holds the text.
func NewSecret(text string) Secret {
	return Secret{value: &text}
}

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal reports whether both hold the same text.
func (s Secret) Equal(other Secret) bool {
	return s.Reveal() == other.Reveal()
}

// String returns a fixed text, or nothing for the empty secret.
func (s Secret) String() string {
	if s.Reveal() == "" {
		return ""
	}
	return redacted
}

// GoString returns what String does.
func (s Secret) GoString() string { return s.String() }

// LogValue returns what String does.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON returns what String does, as JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText returns what String does.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
