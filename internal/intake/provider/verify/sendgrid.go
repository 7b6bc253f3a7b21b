package verify

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/assent-io/assent/internal/intake/provider"
)

// sendgridAge is the greatest age of a request of SendGrid. It tries again for a day, in practice for 29 hours, and does not document whether
// each try has a time of its own. A request that comes twice has the same event ids.
const sendgridAge = 48 * time.Hour

// verifySendGrid verifies ECDSA on P-256 with SHA-256 over the time and the raw body, with the line ends that some bodies have and others lack.
func verifySendGrid(source *Source, request *Request, now time.Time) (*Delivery, error) {
	timestamp := request.Header.Get("X-Twilio-Email-Event-Webhook-Timestamp")
	signature, err := base64.StdEncoding.DecodeString(request.Header.Get("X-Twilio-Email-Event-Webhook-Signature"))
	if err != nil || len(signature) == 0 || timestamp == "" {
		return nil, refuse(provider.NoSignature, "the headers X-Twilio-Email-Event-Webhook-Signature and -Timestamp are missing or no base64: "+
			"turn on the signed Event Webhook")
	}
	hash := sha256.New()
	hash.Write([]byte(timestamp))
	hash.Write(request.Body)
	digest := hash.Sum(nil)
	fits := false
	for _, key := range source.keys {
		fits = fits || ecdsa.VerifyASN1(key, digest, signature)
	}
	if !fits {
		return nil, refuse(provider.BadSignature, "the signature fits no verification key of the source")
	}
	if _, ok := inTime(timestamp, now, sendgridAge); !ok {
		return nil, refuse(provider.TooOld, "the time of the request is more than 48 hours ago or lies ahead")
	}
	return &Delivery{Body: request.Body}, nil
}
