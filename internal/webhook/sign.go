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
		all = append(all, signatureVersion+base64.StdEncoding.EncodeToString(sign([]byte(*secret.key), id, timestamp(at), body)))
	}
	return strings.Join(all, " ")
}

// signatureVersion stands before each signature with a secret that both sides have; others stand before those of later versions.
const signatureVersion = "v1,"

// sign returns the HMAC-SHA-256 of `id.timestamp.body`.
func sign(key []byte, id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// Verify reports whether one of the signatures of the list, which is the value of the header webhook-signature, is that of the message with
// one of the keys: a key is the decoded secret. There are several of both while a secret is replaced. An id with a full stop never fits: with one,
// the same signed bytes could be of another id, time and body. That the time is near, the caller checks.
func Verify(keys [][]byte, id, timestamp, list string, body []byte) bool {
	fits := false
	for text := range strings.FieldsSeq(list) {
		encoded, ok := strings.CutPrefix(text, signatureVersion)
		if !ok {
			continue
		}
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			continue
		}
		for _, key := range keys {
			if hmac.Equal(signature, sign(key, id, timestamp, body)) {
				fits = true
			}
		}
	}
	return fits && !strings.Contains(id, ".")
}

// timestamp returns the value of the header webhook-timestamp.
func timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
