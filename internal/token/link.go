package token

import (
	"crypto/hmac"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/assent-io/assent/internal/seal"
)

// Link is what the token in a message names: who may act by it, on which channel, and when the message was decided about. It stands in the
// address of the recipient's page and in List-Unsubscribe, and comes back in the headers of a report. It never expires.
type Link struct {
	// Subject is the id of the exact address in the store, 16 random bytes: nothing leads from it to a person who was erased. It is zero where
	// the store holds nothing of the address; then Address is the exact address. Exactly one of the two is set.
	Subject [16]byte
	Address string
	// Channel is the id of the channel. It stands there as text: a number of the store may mean another channel after a restore.
	Channel string
	// Decided is when the message was decided about, in seconds since 1970.
	Decided int64
}

// The kinds of links, each the first byte of what is sealed. The numbers never change.
const (
	linkOfSubject = 1 // 16 bytes of the subject
	linkOfAddress = 2 // the length of the exact address as a varint, and the address
)

// linkVersion is the first character of the token of a link. Another form gets another one; this one is read for ever.
const linkVersion = "1"

// maxLink is how long the text of a link may be, damage included. The longest that is made has 450 characters.
const maxLink = 2048

// NewLink returns the token of l. The same link has the same token.
func NewLink(keys *seal.Keys, l *Link) (string, error) {
	plain := make([]byte, 0, 96)
	if l.Address != "" {
		plain = binary.AppendUvarint(append(plain, linkOfAddress), uint64(len(l.Address)))
		plain = append(plain, l.Address...)
	} else {
		plain = append(append(plain, linkOfSubject), l.Subject[:]...)
	}
	plain = append(binary.AppendVarint(plain, l.Decided), l.Channel...)
	sealed, err := keys.SealLink(plain)
	if err != nil {
		return "", err
	}
	return linkVersion + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// ReadLink returns what the token names, also where mail clients have damaged it: see [WithoutMailDamage]. The error is [ErrInvalid].
func ReadLink(keys *seal.Keys, text string) (*Link, error) {
	if len(text) > maxLink {
		return nil, ErrInvalid
	}
	text, found := strings.CutPrefix(WithoutMailDamage(text), linkVersion)
	if !found {
		return nil, ErrInvalid
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, ErrInvalid
	}
	plain, err := keys.OpenLink(sealed)
	if err != nil {
		return nil, ErrInvalid
	}
	return parseLink(plain)
}

// parseLink reads what was sealed. That it was sealed here does not say that this version of the program did it.
func parseLink(plain []byte) (*Link, error) {
	var l Link
	if len(plain) == 0 {
		return nil, ErrInvalid
	}
	kind, rest := plain[0], plain[1:]
	switch kind {
	case linkOfSubject:
		if len(rest) < len(l.Subject) {
			return nil, ErrInvalid
		}
		l.Subject, rest = [16]byte(rest), rest[len(l.Subject):]
	case linkOfAddress:
		length, n := binary.Uvarint(rest)
		if n <= 0 || length == 0 || length > uint64(len(rest)-n) {
			return nil, ErrInvalid
		}
		l.Address, rest = string(rest[n:n+int(length)]), rest[n+int(length):]
	default:
		return nil, ErrInvalid
	}
	decided, n := binary.Varint(rest)
	if n <= 0 || len(rest) == n || !utf8.Valid(rest[n:]) {
		return nil, ErrInvalid
	}
	l.Decided, l.Channel = decided, string(rest[n:])
	return &l, nil
}

// returnPathVersion begins the tag of a return path.
const returnPathVersion = "1."

// pathAlphabet is base32 (RFC 4648) in lower case without padding: mail servers may change the case of an address.
//
//nolint:gochecknoglobals // immutable
var pathAlphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewReturnPath returns the tag that stands after the + in the return path (the envelope sender) of mail to an exact address: "1." and 26
// characters. It names no address; it proves that mail to that one came from here.
func NewReturnPath(keys *seal.Keys, exact string) string {
	proof := keys.ReturnPath(exact)
	return returnPathVersion + pathAlphabet.EncodeToString(proof[:])
}

// IsReturnPath reports whether the tag, in whatever case, is that of a return path for mail to the exact address.
func IsReturnPath(keys *seal.Keys, tag, exact string) bool {
	return hmac.Equal([]byte(strings.ToLower(tag)), []byte(NewReturnPath(keys, exact)))
}
