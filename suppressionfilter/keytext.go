package suppressionfilter

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const (
	// textName begins the text of a key, whatever its version.
	textName = "assent-list-key-"
	// textPrefix begins the text of a key of the version that is written.
	textPrefix = textName + "1:"
	// checksumSize is how many bytes of a SHA-256 find mistakes in the text of a key.
	checksumSize = 4
	// textSize is the length of the text of a key behind its prefix: base64 without padding.
	textSize = ((2*KeySize+checksumSize)*8 + 5) / 6
)

// textEncoding refuses a second spelling of the same bytes.
func textEncoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

// checksum is the beginning of the SHA-256 of the prefix and both keys.
func checksum(keys []byte) [checksumSize]byte {
	sum := sha256.Sum256(append([]byte(textPrefix), keys...))
	return [checksumSize]byte(sum[:checksumSize])
}

// RevealText returns the key as the text that a consumer is given once, and that ParseKey reads: "assent-list-key-1:" and base64url without
// padding of the list key, the consumer's key, and the first four bytes of the SHA-256 of the prefix and both keys.
func (k Key) RevealText() string {
	s := k.must()
	data := append(append(make([]byte, 0, 2*KeySize+checksumSize), s.list[:]...), s.consumer[:]...)
	sum := checksum(data)
	return textPrefix + textEncoding().EncodeToString(append(data, sum[:]...))
}

// ParseKey reads what RevealText wrote. White space around it is dropped. Its errors say what is wrong and hold nothing of the text.
func ParseKey(text string) (Key, error) {
	encoded, err := afterPrefix(strings.TrimSpace(text))
	if err != nil {
		return Key{}, err
	}
	data, err := textEncoding().DecodeString(encoded)
	if err != nil {
		if at, ok := errors.AsType[base64.CorruptInputError](err); ok && int64(at) < textSize-1 {
			return Key{}, fmt.Errorf("the list key has a character that is not of base64url, the %d. after %q", int64(at)+1, textPrefix)
		}
		return Key{}, errors.New("the list key is not base64url as it is written: its last character is wrong")
	}
	keys, sum := data[:2*KeySize], checksum(data[:2*KeySize])
	if subtle.ConstantTimeCompare(data[2*KeySize:], sum[:]) != 1 {
		return Key{}, errors.New("the checksum of the list key does not fit: a character of it was changed; copy it again")
	}
	return NewKey([KeySize]byte(keys[:KeySize]), [KeySize]byte(keys[KeySize:]))
}

// afterPrefix returns what stands behind the prefix, of the right length and without the line ends that base64 skips.
func afterPrefix(text string) (encoded string, err error) {
	encoded, ok := strings.CutPrefix(text, textPrefix)
	switch {
	case text == "":
		return "", fmt.Errorf("the list key is empty: it is a text that begins with %q", textPrefix)
	case !ok && strings.HasPrefix(text, textName):
		return "", fmt.Errorf("the list key has another version than this program reads: one that begins with %q would be right", textPrefix)
	case !ok:
		return "", fmt.Errorf("the text is no list key: one begins with %q", textPrefix)
	case len(encoded) != textSize:
		return "", fmt.Errorf("the list key has %d characters after %q, where %d are right: it was cut, or something was added",
			len(encoded), textPrefix, textSize)
	case strings.ContainsAny(encoded, "\r\n"):
		return "", errors.New("the list key has a line end inside: it is one line")
	default:
		return encoded, nil
	}
}
