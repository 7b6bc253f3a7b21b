package consumers

import (
	"crypto/md5"  //nolint:gosec // A form that tools take, not a protection.
	"crypto/sha1" //nolint:gosec // As above.
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
)

// Sum returns the hash that a form without a key has of a text: of the text as UTF-8, in lower-case hex. It panics for a form that is none.
func (f Form) Sum(text string) string {
	switch f {
	case FormMD5:
		sum := md5.Sum([]byte(text)) //nolint:gosec // As above.
		return hex.EncodeToString(sum[:])
	case FormSHA1:
		sum := sha1.Sum([]byte(text)) //nolint:gosec // As above.
		return hex.EncodeToString(sum[:])
	case FormSHA256:
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	case FormSHA512:
		sum := sha512.Sum512([]byte(text))
		return hex.EncodeToString(sum[:])
	default:
		panic("consumers: the form " + string(f) + " has no hashes without a key")
	}
}
