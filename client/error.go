package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/phrase"
)

// ErrUnreachable is in the tree of an [*Error] of a call that no server of Assent answered, so that errors.Is finds it. Where it is not, the
// server refused the call, or the call ended.
var ErrUnreachable = errors.New("the server cannot be reached")

// Error is the error of a call. A DENY is none: it is an answer. The text of an error holds no address of a person.
//
// errors.Is finds in it [ErrUnreachable], and context.DeadlineExceeded and context.Canceled where the time of the call was up or its context
// ended. status.Code and status.Convert of gRPC work on it, too.
type Error struct {
	// Code is the code of gRPC. It is Unknown in an error about one item of a batch, of which only the reason is told.
	Code codes.Code
	// Reason is the server's reason, such as UNKNOWN_CHANNEL: docs/api-rules.md lists them. Empty: the server gave none.
	Reason string
	// Field is the first field of the request that the error is about, in lowerCamelCase; empty: none is named.
	Field string
	// Message is the sentence of the server, or of gRPC where no server answered.
	Message string
	// Violations are the fields that are wrong, where the server names them one by one.
	Violations []Violation
	// RequestID is the id under which the log of the server has the call; empty if no server answered.
	RequestID string
	// RetryAfter is how long the server asks to wait before the call is made again; 0: it does not say.
	RetryAfter time.Duration
	// Obstacle is what kept the call from reaching a server; empty: one answered, or the call ended.
	Obstacle Obstacle

	status *status.Status
	server string // where the call went; empty in the error of an item
	ended  error  // why there was no further try, where the context ended between two
}

// Violation is what is wrong with one field of a request.
type Violation struct {
	// Field is its path in lowerCamelCase; it may be empty.
	Field string
	// Description says what is wrong, and what would be right.
	Description string
}

// Obstacle is what kept a call from reaching a server.
type Obstacle string

// The obstacles.
const (
	// ObstacleUnreachable: no connection, or it broke before the answer.
	ObstacleUnreachable Obstacle = "UNREACHABLE"
	// ObstacleUnknownHost: the name of the host has no address.
	ObstacleUnknownHost Obstacle = "UNKNOWN_HOST"
	// ObstacleHTTP: the port speaks HTTP, such as that for REST.
	ObstacleHTTP Obstacle = "HTTP"
	// ObstacleNeedsTLS: plain text was sent, and the other side does not answer as gRPC does; it may expect TLS.
	ObstacleNeedsTLS Obstacle = "NEEDS_TLS"
	// ObstacleNoTLS: TLS was expected, and the other side does not speak it.
	ObstacleNoTLS Obstacle = "NO_TLS"
)

// Error returns one sentence.
func (e *Error) Error() string {
	text := e.text()
	if e.ended != nil {
		text += "; " + e.ended.Error()
	}
	return text
}

func (e *Error) text() string {
	switch {
	case e.Reason != "":
		return e.Reason + ": " + e.Message
	case e.Obstacle == ObstacleHTTP:
		return fmt.Sprintf("the server at %s speaks HTTP, not gRPC: it is the port for REST", e.server)
	case e.Obstacle == ObstacleUnknownHost:
		host, _, _ := net.SplitHostPort(e.server)
		return fmt.Sprintf("the host %s is unknown: no address was found for its name", phrase.Printable(host))
	case e.Obstacle != "":
		return fmt.Sprintf("the server at %s cannot be reached: %s", e.server, lastPart(e.Message))
	case e.Code == codes.DeadlineExceeded && e.server != "":
		return fmt.Sprintf("the server at %s did not answer in time", e.server)
	default:
		return e.Code.String() + ": " + e.Message
	}
}

// GRPCStatus returns the error as gRPC has it, with all details.
func (e *Error) GRPCStatus() *status.Status {
	if e.status == nil {
		return status.New(e.Code, e.Message)
	}
	return e.status
}

// Is makes errors.Is find what [Error] says.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrUnreachable:
		return e.Obstacle != ""
	case context.Canceled:
		return e.Code == codes.Canceled
	case context.DeadlineExceeded:
		return e.Code == codes.DeadlineExceeded
	default:
		return false
	}
}

// Unwrap returns why there was no further try, where the context ended between two.
func (e *Error) Unwrap() error { return e.ended }

// errorOf returns the error of a call with this package's type; nil of nil.
func (c *Client) errorOf(err error, header metadata.MD) *Error {
	if err == nil {
		return nil
	}
	s := status.Convert(err)
	e := &Error{Code: s.Code(), Message: s.Message(), status: s, server: c.address}
	if ids := header.Get("x-request-id"); len(ids) > 0 {
		e.RequestID = ids[0]
	}
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			e.Reason = d.GetReason()
			if e.Field == "" {
				e.Field = d.GetMetadata()["field"]
			}
		case *errdetails.BadRequest:
			for i, v := range d.GetFieldViolations() {
				if i == 0 {
					e.Field = v.GetField()
				}
				e.Violations = append(e.Violations, Violation{Field: v.GetField(), Description: v.GetDescription()})
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = max(0, d.GetRetryDelay().AsDuration())
		}
	}
	if e.Code == codes.Unavailable && e.Reason == "" {
		e.Obstacle = obstacleOf(e.Message, c.unencrypted)
	}
	return e
}

// keyless is the error of a call whose key could not be got.
func keyless(err error) *Error {
	return &Error{Code: codes.Unauthenticated, Message: "the API key of the call: " + err.Error()}
}

// obstacleOf says why a server cannot be reached. gRPC knows only texts.
func obstacleOf(message string, unencrypted bool) Obstacle {
	has := func(part string) bool { return strings.Contains(message, part) }
	switch {
	case has("looked like an HTTP/1"), has("missing selected ALPN property"), has("no application protocol"):
		return ObstacleHTTP
	case has("produced zero addresses"), has("no such host"):
		return ObstacleUnknownHost
	case unencrypted && has("server preface"):
		return ObstacleNeedsTLS
	case has("does not look like a TLS handshake"):
		return ObstacleNoTLS
	default:
		return ObstacleUnreachable
	}
}

// lastPart returns the cause from a chain of gRPC's texts, such as
// `connection error: desc = "transport: …: connect: connection refused"`. What
// stands in quotes or parentheses belongs to the cause.
func lastPart(message string) string {
	if _, desc, found := strings.Cut(message, "desc = "); found {
		message = desc
		if quoted, err := strconv.QuotedPrefix(desc); err == nil {
			// It is what was found to be well quoted.
			message, _ = strconv.Unquote(quoted)
		}
	}
	last, depth, quoted := 0, 0, false
	for i, r := range message {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '(':
			depth++
		case r == ')':
			depth--
		case depth == 0 && strings.HasPrefix(message[i:], ": "):
			last = i + 2
		}
	}
	return message[last:]
}
