package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/assent-io/assent/internal/secret"
)

type hidden = secret.Text

// Key is the API key of a client. It prints as "[redacted]" in texts, logs and JSON; only its method Reveal gives it out. The zero Key is
// no key: calls are made without one, as a demo server accepts them.
type Key struct{ hidden }

// maxKey is how long a header with a key may become; real keys are shorter than 200 bytes.
const maxKey = 4096

// errNoKey says that a text is no key, without repeating it.
var errNoKey = errors.New("API key: the text is none: a key has 1 to 4,096 visible ASCII characters and no blanks")

// ParseKey returns the key that a text holds. Blanks and line ends around it are left out, for a variable that a file was read into
// ends with one. An error does not repeat the text.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	wrong := func(r rune) bool { return r <= ' ' || r > '~' }
	if text == "" || len(text) > maxKey || strings.ContainsFunc(text, wrong) {
		return Key{}, errNoKey
	}
	return Key{secret.New(text)}, nil
}

// ReadKeyFile returns the key that a file holds, as [ParseKey] reads it.
func ReadKeyFile(path string) (Key, error) {
	data, err := os.ReadFile(path)
	switch {
	case err != nil && looksLikeKey(path): // The error would print it.
		return Key{}, errors.New("API key: a key was given where the path of a file belongs; in the environment ASSENT_API_KEY takes the key itself")
	case err != nil:
		return Key{}, fmt.Errorf("API key: %w", err)
	}
	key, err := ParseKey(string(data))
	if err != nil {
		return Key{}, fmt.Errorf("API key: %s does not contain one", path)
	}
	return key, nil
}

// looksLikeKey reports whether a text has the form of an API key, assent_ID_SECRET with 64 digits, and so should not be printed.
func looksLikeKey(text string) bool {
	return strings.HasPrefix(text, "assent_") && len(text) > len("assent_")+64 && !strings.ContainsAny(text, "/\\")
}

// KeySource gives the key of a call. It is asked for each call and for each repetition of one, so that a key may change while the program
// runs. Its error ends the call with UNAUTHENTICATED before anything was sent; it must not hold the key.
type KeySource func(ctx context.Context) (Key, error)
