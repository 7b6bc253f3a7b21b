package client

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// Question is what is asked about an address. The zero value of a field leaves it to the server.
type Question struct {
	// Channel is the channel's id; required.
	Channel string
	// SenderIdentity is the id of the sender identity; empty: the channel's first.
	SenderIdentity string
	// Reference is the order, contract or duty that a message on a transactional or legal channel is about; at most 256 bytes.
	Reference string
	// ContainsAdvertising says that the message also advertises something.
	ContainsAdvertising bool
	// AsOf is the time to decide for. A decision of the past is not for sending.
	AsOf time.Time
	// KnownAsOf is what counts as known. A decision by it is not for sending.
	KnownAsOf *assentv1.KnownAsOf
	// Consistency is how fresh the answer has to be; nil: strict, so that nothing acknowledged before is missed that could turn an ALLOW
	// into a DENY.
	Consistency *assentv1.Consistency
	// Links asks for the links of the messages that are allowed. The server needs --public-url.
	Links bool
}

// asOf returns the time to decide for; nil: now.
func (q *Question) asOf() *timestamppb.Timestamp {
	if q.AsOf.IsZero() {
		return nil
	}
	return timestamppb.New(q.AsOf)
}

// CheckRequest is the question about one address.
type CheckRequest struct {
	// Address is the address to contact, as typed.
	Address string
	// Question is what is asked about it.
	Question
	// Receipt asks for a signed receipt of the decision.
	Receipt bool
}

// Check asks whether an address may be contacted. A DENY is an answer and no error; of an error the Decision is zero, which allows nothing.
func (c *Client) Check(ctx context.Context, r CheckRequest) (Decision, error) {
	if err := unsendable(r.Address); err != nil {
		return Decision{}, err
	}
	answer, err := c.consent.CheckConsent(ctx, &assentv1.CheckConsentRequest{
		Address: r.Address, Channel: r.Channel, SenderIdentity: r.SenderIdentity, Reference: r.Reference,
		ContainsAdvertising: r.ContainsAdvertising, AsOf: r.asOf(), KnownAsOf: r.KnownAsOf, Consistency: r.Consistency, Receipt: r.Receipt,
		Links: r.Links,
	})
	if err != nil {
		return Decision{}, err
	}
	if answer.GetDecision() == nil {
		return Decision{}, errors.New("the server's answer holds no decision")
	}
	d := DecisionOf(answer.GetDecision())
	d.Links = answer.GetLinks()
	return d, nil
}

// maxAddress is more than any text that a server reads as an address.
const maxAddress = 1 << 14

// unsendable returns the error of an address that cannot be put into a message, or would fill it; nil of all others, of which the server
// judges. The code and the reason are those that the server has for what is no address.
func unsendable(address string) error {
	why := ""
	switch {
	case !utf8.ValidString(address):
		why = "address: The address is not valid UTF-8."
	case len(address) > maxAddress:
		why = "address: The text is longer than any address."
	default:
		return nil
	}
	return &Error{Code: codes.InvalidArgument, Reason: "INVALID_ADDRESS", Field: "address", Message: why}
}
