package verify

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/intake/provider"
)

// standardAge is how old a request may be: each try has a time of its own (Standard Webhooks 1.0.0, "Verifying webhook authenticity").
const standardAge = 5 * time.Minute

// verifyStandard verifies a request by Standard Webhooks, with the names of headers of the specification or those of Svix.
func verifyStandard(source *Source, request *Request, now time.Time) (*Delivery, error) {
	prefix := "webhook-"
	if request.Header.Get("svix-signature") != "" {
		prefix = "svix-"
	}
	id, timestamp, list := request.Header.Get(prefix+"id"), request.Header.Get(prefix+"timestamp"), request.Header.Get(prefix+"signature")
	if id == "" || timestamp == "" || list == "" {
		return nil, refuse(provider.NoSignature, "the headers -id, -timestamp and -signature of svix or webhook are missing")
	}
	fits := false
	signed := []byte(id + "." + timestamp + ".")
	// Several while a secret is replaced, and of other versions.
	for text := range strings.FieldsSeq(list) {
		encoded, ok := strings.CutPrefix(text, "v1,")
		if !ok {
			continue
		}
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && anyFits(sha256.New, source.secrets, signature, signed, request.Body) {
			fits = true
		}
	}
	if !fits {
		return nil, refuse(provider.BadSignature, "no signature of the list fits a secret of the source")
	}
	if _, ok := inTime(timestamp, now, standardAge); !ok {
		return nil, refuse(provider.TooOld, "the time of the request is more than 5 minutes away: the clock of this server or of the sender is wrong, "+
			"or the request was sent again by somebody else")
	}
	return &Delivery{Body: request.Body, ID: id}, nil
}
