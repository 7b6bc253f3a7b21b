package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/assent-io/assent/internal/fault"
)

const (
	// secretPrefix starts the text of each secret for symmetric signatures (Standard Webhooks, "Signature scheme").
	secretPrefix = "whsec_"
	// The least and the most bytes of a secret there.
	minSecretBytes, maxSecretBytes = 24, 64
	// newSecretBytes is the length of a new secret: as many bytes as HMAC-SHA-256 answers.
	newSecretBytes = 32

	redacted = "[redacted]"
)

// Secret is the key by which the messages to one endpoint are signed. Nothing prints, logs or encodes it: only Reveal gives it out. The
// zero value is no secret.
type Secret struct {
	// A pointer to a text, because package fmt prints the fields of unexported fields without asking for Format: of such a pointer it prints
	// the address in memory. Of a pointer to a slice of bytes it prints the bytes, for verbs such as %s.
	key *string
}

// NewSecret returns a new random secret of 32 bytes.
func NewSecret() Secret {
	key := make([]byte, newSecretBytes)
	rand.Read(key) // It never fails: a program ends where the system has no randomness.
	return secretOf(key)
}

func secretOf(key []byte) Secret {
	text := string(key)
	return Secret{key: &text}
}

// ParseSecret reads a secret: whsec_ and then 24 to 64 bytes in base64 with padding. The error is a [*fault.Error] without any of the text.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	if !ok {
		return Secret{}, fault.Errorf(fault.InvalidRequest, "secret", "the secret of a webhook starts with %s", secretPrefix)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return Secret{}, fault.Errorf(fault.InvalidRequest, "secret",
			"what follows %s is not base64: use the standard alphabet with padding, on one line", secretPrefix)
	}
	if len(key) < minSecretBytes || len(key) > maxSecretBytes {
		return Secret{}, fault.Errorf(fault.InvalidRequest, "secret",
			"the secret has %d bytes; use %d to %d random bytes", len(key), minSecretBytes, maxSecretBytes)
	}
	return secretOf(key), nil
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.key == nil }

// Reveal returns the text that ParseSecret reads, and nothing for the zero value. It is for the answer that hands a new secret to the
// owner of the endpoint, and for what is sealed and stored.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return secretPrefix + base64.StdEncoding.EncodeToString([]byte(*s.key))
}

// String returns a fixed text, or nothing for the zero value.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// Format writes what String returns, for each verb of package fmt.
func (s Secret) Format(state fmt.State, _ rune) {
	io.WriteString(state, s.String()) //nolint:errcheck // A fmt.State takes all that is written.
}

// LogValue returns what String does.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns what String does; encoding/json uses it, too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
