package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed message (Standard Webhooks, "Webhook headers").
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp" // of the attempt, in seconds since 1970
	HeaderSignature = "webhook-signature"
)

// signatures returns the value of the header webhook-signature: for each secret `v1,` and the HMAC-SHA-256 of `id.timestamp.body` in
// base64, separated by spaces, in the order of the secrets. The id has no full stop, so that nothing else has the same signed bytes.
func signatures(id string, at time.Time, body []byte, secrets []Secret) string {
	all := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(*secret.key))
		mac.Write([]byte(id + "." + timestamp(at) + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}

// timestamp returns the value of the header webhook-timestamp.
func timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
