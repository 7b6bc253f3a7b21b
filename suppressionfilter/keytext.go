package suppressionfilter

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

const (
	// textName begins the text of a key, whatever its version.
	textName = "assent-consumer-key-"
	// textPrefix begins the text of a key of the version that is written.
	textPrefix = textName + "1:"
	// checksumSize is how many bytes of a SHA-256 find mistakes in the text of a key.
	checksumSize = 4
	// numberSize is the length of the number of the list key.
	numberSize = 4
	// textSize is the length of the text of a key behind its prefix: base64, which needs no padding for this length.
	textSize = (numberSize + 2*KeySize + checksumSize) * 4 / 3
)

// checksum is the beginning of the SHA-256 of the prefix, the number and both keys.
func checksum(data []byte) [checksumSize]byte {
	sum := sha256.Sum256(append([]byte(textPrefix), data...))
	return [checksumSize]byte(sum[:checksumSize])
}

// RevealText returns the key as the text that a consumer is given once, and that ParseKey reads: "assent-consumer-key-1:" and base64url of
// the number of the list key as four bytes, the list key, the consumer's own key, and the first four bytes of the SHA-256 of all that is
// before, the prefix included.
func (k Key) RevealText() string {
	s := k.must()
	data := binary.BigEndian.AppendUint32(make([]byte, 0, numberSize+2*KeySize+checksumSize), s.listNumber)
	data = append(append(data, s.list[:]...), s.own[:]...)
	sum := checksum(data)
	return textPrefix + base64.RawURLEncoding.EncodeToString(append(data, sum[:]...))
}

// ParseKey reads what RevealText wrote. White space around it is dropped. Its errors say what is wrong and hold nothing of the text.
func ParseKey(text string) (Key, error) {
	encoded, err := afterPrefix(strings.TrimSpace(text))
	if err != nil {
		return Key{}, err
	}
	data, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		if at, ok := errors.AsType[base64.CorruptInputError](err); ok {
			return Key{}, fmt.Errorf("the consumer key has a character that is not of base64url, the %d. after %q", int64(at)+1, textPrefix)
		}
		return Key{}, errors.New("the consumer key is not base64url")
	}
	data, given := data[:numberSize+2*KeySize], data[numberSize+2*KeySize:]
	if sum := checksum(data); subtle.ConstantTimeCompare(given, sum[:]) != 1 {
		return Key{}, errors.New("the checksum of the consumer key does not fit: a character of it was changed; copy it again")
	}
	keys := data[numberSize:]
	return NewKey(binary.BigEndian.Uint32(data), [KeySize]byte(keys[:KeySize]), [KeySize]byte(keys[KeySize:]))
}

// afterPrefix returns what stands behind the prefix, of the right length and without the line ends that base64 skips.
func afterPrefix(text string) (encoded string, err error) {
	encoded, ok := strings.CutPrefix(text, textPrefix)
	switch {
	case text == "":
		return "", fmt.Errorf("the consumer key is empty: it is a text that begins with %q", textPrefix)
	case !ok && strings.HasPrefix(text, textName):
		return "", fmt.Errorf("the consumer key has another version than this program reads: one that begins with %q would be right", textPrefix)
	case !ok:
		return "", fmt.Errorf("the text is no consumer key: one begins with %q", textPrefix)
	case len(encoded) != textSize:
		return "", fmt.Errorf("the consumer key has %d characters after %q, where %d are right: it was cut, or something was added",
			len(encoded), textPrefix, textSize)
	case strings.ContainsAny(encoded, "\r\n"):
		return "", errors.New("the consumer key has a line end inside: it is one line")
	default:
		return encoded, nil
	}
}
