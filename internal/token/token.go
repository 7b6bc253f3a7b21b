// Package token makes the tokens that callers give back later: the token of a confirmation mail, that of the next page of a list, and that
// of a place in the change feed. All are encrypted and authenticated. A holder can learn nothing from a token, and can neither make
// nor change one.
package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/assent-io/assent/internal/seal"
)

// ErrInvalid is returned for a token that was not made here, for another purpose, or that was altered.
var ErrInvalid = errors.New("the token is not valid")

// Confirmation is what the token of a confirmation mail names.
type Confirmation struct {
	Address     string `json:"a"` // exact
	Channel     string `json:"c"`
	Declaration string `json:"d"` // id@version
	Request     int64  `json:"r"` // position
	Requested   int64  `json:"t"` // microseconds since 1970
}

// Page is where the next page of a list starts.
type Page struct {
	After    int64  `json:"p,omitempty"` // position
	AfterKey string `json:"k,omitempty"` // id
}

// Feed is a place in the change feed.
type Feed struct {
	Store    []byte `json:"s"`           // id of the database
	Position int64  `json:"p"`           // up to which everything was told
	Revision int64  `json:"v"`           // of the head, up to which everything was told
	Root     []byte `json:"h"`           // of the ledger at the position
	Catalog  int64  `json:"c"`           // version by which it was told
	Listed   int64  `json:"l,omitempty"` // position of the last activation of an external list by which it was told
	// Request is a digest of who asks for what in which form.
	Request []byte `json:"q"`
	// Until is the position up to which everything told is told as a whole, for the caller may have later facts already; math.MaxInt64 of a
	// snapshot that is under way; 0: none.
	Until int64 `json:"u,omitempty"`
	// Began and BeganRevision are where the caller began to read.
	Began         int64 `json:"b"`
	BeganRevision int64 `json:"w"`
	Made          int64 `json:"t"` // microseconds since 1970
	// Owes are the erased addresses that the caller is told first; nil: none. Up to Forgot it was told of them ahead of the rest; nil: of none.
	Owes   *Owed `json:"o,omitempty"`
	Forgot *Mark `json:"f,omitempty"`
}

// Mark is how far the ledger was read.
type Mark struct {
	Position int64 `json:"p"`
	Revision int64 `json:"v"`
}

// Owed are the erased addresses that a caller lacks that has everything up to one mark, and has with another, after the one at a mark that has
// the id, of 16 bytes.
type Owed struct {
	Has   Mark   `json:"h"`
	UpTo  Mark   `json:"u"`
	After Mark   `json:"a"`
	ID    []byte `json:"i"`
}

const version = "1"

// NewConfirmation returns the token of c.
func NewConfirmation(keys *seal.Keys, c Confirmation) (string, error) {
	return write(keys, seal.PurposeToken, nil, c)
}

// ReadConfirmation returns what the token names, also where mail clients have damaged the link that held it: see [WithoutMailDamage].
// The error is [ErrInvalid].
func ReadConfirmation(keys *seal.Keys, text string) (Confirmation, error) {
	var c Confirmation
	err := read(keys, seal.PurposeToken, nil, WithoutMailDamage(text), &c)
	return c, err
}

// WithoutMailDamage removes what mail clients add to a token in a link: white space and soft line breaks where a line was wrapped,
// invisible characters, the sign = as padding or of quoted-printable, and the punctuation that stood around the link. None of these are
// in the alphabet of a token, so nothing that names another token becomes this one.
func WithoutMailDamage(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '=' || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text)
	return strings.Trim(text, `<>()[]{}"'.,;:!?*|`)
}

// NewPage returns the token of p for a list: its method and filter.
func NewPage(keys *seal.Keys, list string, p Page) (string, error) {
	return write(keys, seal.PurposePage, []byte(list), p)
}

// ReadPage returns where the page starts; the empty token is the first page. The error is [ErrInvalid], also for the token of
// another list.
func ReadPage(keys *seal.Keys, list, text string) (Page, error) {
	var p Page
	if text == "" {
		return p, nil
	}
	err := read(keys, seal.PurposePage, []byte(list), text, &p)
	return p, err
}

// NewFeed returns the token of f.
func NewFeed(keys *seal.Keys, f *Feed) (string, error) { return write(keys, seal.PurposeFeed, nil, f) }

// ReadFeed returns the place in the feed that the token names. The error is [ErrInvalid].
func ReadFeed(keys *seal.Keys, text string) (*Feed, error) {
	f := &Feed{}
	if err := read(keys, seal.PurposeFeed, nil, text, f); err != nil {
		return nil, err
	}
	return f, nil
}

func write(keys *seal.Keys, purpose seal.Purpose, of []byte, value any) (string, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	sealed, err := keys.Seal(purpose, of, plain)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return version + base64.RawURLEncoding.EncodeToString(sealed), nil
}

func read(keys *seal.Keys, purpose seal.Purpose, of []byte, text string, into any) error {
	if len(text) < 1 || text[:1] != version {
		return ErrInvalid
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text[1:])
	if err != nil {
		return ErrInvalid
	}
	plain, err := keys.Open(purpose, of, sealed)
	if err != nil {
		return ErrInvalid
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return ErrInvalid
	}
	return nil
}
