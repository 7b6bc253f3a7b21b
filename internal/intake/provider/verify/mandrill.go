package verify

import (
	"crypto/sha1" // What Mandrill signs with.
	"encoding/base64"
	"maps"
	"net/url"
	"slices"

	"github.com/assent-io/assent/internal/intake/provider"
)

// probeKey is what Mandrill signs its first request with, before it has made a key for the webhook.
const probeKey = "test-webhook"

// verifyMandrill verifies HMAC-SHA-1 over the address as it was entered in the console, and over the fields of the form by their names.
func verifyMandrill(source *Source, request *Request) (*Delivery, error) {
	signature, err := base64.StdEncoding.DecodeString(request.Header.Get("X-Mandrill-Signature"))
	if err != nil || len(signature) == 0 {
		return nil, refuse(provider.NoSignature, "the header X-Mandrill-Signature is missing or no base64")
	}
	form, err := url.ParseQuery(string(request.Body))
	if err != nil {
		return nil, refuse(provider.Unreadable, "the body is no form")
	}
	signed := []byte(source.url)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if len(form[name]) > 1 {
			return nil, refuse(provider.Unreadable, "a field of the form is there twice")
		}
		signed = append(append(signed, name...), form[name][0]...)
	}
	events := form.Get("mandrill_events")
	if anyFits(sha1.New, source.secrets, signature, signed) {
		return &Delivery{Body: []byte(events)}, nil
	}
	// Its key is public, so the request proves nothing; it is taken because its list of events is empty.
	if len(form) == 1 && events == "[]" && anyFits(sha1.New, [][]byte{[]byte(probeKey)}, signature, signed) {
		return &Delivery{}, nil
	}
	return nil, refuse(provider.BadSignature, "the signature fits no key of the source: is its address, byte by byte, the one that was entered at Mandrill?")
}
