// Package verify proves that a request to the address of a webhook was sent by the provider, from the raw bytes of its body, before any of it
// is read as events. What it returns is read by package provider above.
//
// SNS and Mailgun put their signature into the body, so that much of it is taken apart first. Postmark, Brevo, Mailjet and SparkPost sign
// nothing: they show a password, and their events may act only where the metadata has a token of Assent.
//
// It asks no clock. Its only way to the network is [Certificates], which SNS needs.
package verify

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/assent-io/assent/internal/intake/provider"
)

// Request is what came to the address of a source.
type Request struct {
	Method string
	Header http.Header
	// Body is all of the body, byte by byte as it came, at most [provider.MaxBody] of them: the caller refuses longer ones with 413.
	Body []byte
}

// Delivery is a request that was proved.
type Delivery struct {
	// Body is what [provider.Reader.Read] reads; nil: there are no events in it, and the answer is 200 with nothing.
	Body []byte
	// Once is a text that comes with one request only, Mailgun's token; empty: there is none. The body is not signed, so the caller keeps it until Until
	// with a digest of the body, and answers 200 without doing anything to a request that has it with another body.
	Once  string
	Until time.Time
	// Confirm is a URL of SNS that is fetched once, without following redirects, so that the topic sends here; empty: there is nothing to
	// confirm. The topic is one that the source expects.
	Confirm string
	// Ended says that SNS sends the topic here no longer.
	Ended bool
}

// Verify proves a request to a source. Now is the time of its arrival.
//
// A [*provider.Refusal] says what to answer to a request that is not proved. Every other error means that it could not be found out, because
// a certificate could not be fetched: the answer is 503, and the provider tries again.
func Verify(ctx context.Context, source *Source, request *Request, now time.Time) (*Delivery, error) {
	if source.kind == provider.Mandrill && request.Method == http.MethodHead {
		// Mandrill asks so, without a signature, whether the address exists.
		return &Delivery{}, nil
	}
	if request.Method != http.MethodPost {
		return nil, &provider.Refusal{Status: http.StatusMethodNotAllowed, Reason: provider.BadMethod, Text: "the method is not POST"}
	}
	switch source.kind {
	case provider.SES:
		return verifySNS(ctx, source, request, now)
	case provider.SendGrid:
		return verifySendGrid(source, request, now)
	case provider.Mailgun:
		return verifyMailgun(source, request, now)
	case provider.Mandrill:
		return verifyMandrill(source, request)
	case provider.Resend:
		return verifyStandard(source, request, now)
	case provider.Postmark, provider.Brevo, provider.Mailjet, provider.SparkPost:
		return verifyPassword(source, request)
	}
	return nil, fmt.Errorf("there is no provider of the kind %q", source.kind)
}
