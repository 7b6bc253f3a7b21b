package verify

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/assent-io/assent/internal/intake/provider"
)

// verifyPassword compares user and password (RFC 7617), or a bearer token (RFC 6750), in constant time.
func verifyPassword(source *Source, request *Request) (*Delivery, error) {
	user, password, ok := (&http.Request{Header: request.Header}).BasicAuth()
	if !ok {
		scheme, token, found := strings.Cut(request.Header.Get("Authorization"), " ")
		if !found || !strings.EqualFold(scheme, "Bearer") {
			return nil, challenge(provider.NoSignature, "the header Authorization is missing: put user and password into the address of the webhook")
		}
		user, password = source.user, strings.TrimSpace(token)
	}
	// Digests have the same length, so that the time tells nothing of that of the password.
	fits := 0
	for _, secret := range source.secrets {
		fits |= equal([]byte(password), secret)
	}
	if fits&equal([]byte(user), []byte(source.user)) != 1 {
		return nil, challenge(provider.BadSignature, "user and password, or the token, are not those of the source")
	}
	return &Delivery{Body: request.Body}, nil
}

// challenge asks for a password: some clients show it only then.
func challenge(reason provider.Reason, text string) *provider.Refusal {
	refusal := refuse(reason, text)
	refusal.Challenge = `Basic realm="assent"`
	return refusal
}

// equal returns 1 for equal texts, else 0, in a time that does not depend on them.
func equal(a, b []byte) int {
	first, second := sha256.Sum256(a), sha256.Sum256(b)
	return subtle.ConstantTimeCompare(first[:], second[:])
}
