package verify

import (
	"crypto/hmac"
	"hash"
	"net/http"
	"strconv"
	"time"

	"github.com/assent-io/assent/internal/intake/provider"
)

// refuse answers 401.
func refuse(reason provider.Reason, text string) *provider.Refusal {
	return &provider.Refusal{Status: http.StatusUnauthorized, Reason: reason, Text: text}
}

// early is how far ahead of this clock the clock of a provider may be.
const early = 5 * time.Minute

// inTime reads a time in seconds since 1970, in digits alone, that is at most so old.
func inTime(text string, now time.Time, most time.Duration) (time.Time, bool) {
	seconds, err := strconv.ParseUint(text, 10, 40)
	if err != nil {
		return time.Time{}, false
	}
	at := time.Unix(int64(seconds), 0) // It has 40 bits.
	age := now.Sub(at)
	return at, age <= most && age >= -early
}

// anyFits reports whether a signature is the HMAC of parts, one after the other, by one of the secrets.
func anyFits(newHash func() hash.Hash, secrets [][]byte, signature []byte, parts ...[]byte) bool {
	fits := false
	for _, secret := range secrets {
		mac := hmac.New(newHash, secret)
		for _, part := range parts {
			mac.Write(part)
		}
		if hmac.Equal(signature, mac.Sum(nil)) {
			fits = true
		}
	}
	return fits
}
