package verify

import (
	"time"

	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/webhook"
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
	if !webhook.Verify(source.secrets, id, timestamp, list, request.Body) {
		return nil, refuse(provider.BadSignature, "no signature of the list fits a secret of the source")
	}
	if _, ok := inTime(timestamp, now, standardAge); !ok {
		return nil, refuse(provider.TooOld, "the time of the request is more than 5 minutes away: the clock of this server or of the sender is wrong, "+
			"or the request is a copy that another program sent again")
	}
	return &Delivery{Body: request.Body}, nil
}
