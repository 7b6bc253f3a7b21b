package connect

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/assent-io/assent/client"
)

// Error is the error of a call to the server, with what the caller may
// need to know besides.
type Error struct {
	Err    error
	hasKey bool
	// Catalog is the file of the catalog that the call was about; the server does not know its name.
	Catalog string
	// Hint is what the caller may have meant.
	Hint string
}

func (e *Error) Error() string { return e.Call().Message }

func (e *Error) Unwrap() error { return e.Err }

// Call returns the error as package client has it.
func (e *Error) Call() *client.Error {
	if failed, ok := errors.AsType[*client.Error](e.Err); ok {
		return failed
	}
	return &client.Error{Code: codes.Unknown, Message: e.Err.Error()} // Such as an answer that does not fit its batch.
}

// IsInvalid reports whether what was asked for is wrong in itself, so that it would fail each time.
func (e *Error) IsInvalid() bool { return e.Call().Code == codes.InvalidArgument }

// CatalogPrefix begins what the server says about a line of a catalog.
const CatalogPrefix = "catalog:"

// Describe returns what happened and the field violations.
func (e *Error) Describe() (text string, violations []string) {
	call := e.Call()
	for _, v := range call.Violations {
		if problem, ok := strings.CutPrefix(v.Description, CatalogPrefix); ok && e.Catalog != "" {
			violations = append(violations, e.Catalog+":"+problem)
			continue
		}
		violations = append(violations, strings.TrimPrefix(v.Field+": "+v.Description, ": "))
	}
	if len(violations) == 1 && violations[0] == call.Message {
		// The message says it already.
		violations = nil
	}
	text = call.Error()
	if call.Reason != "" && e.Hint != "" {
		text = strings.TrimSuffix(text, ".") + e.Hint
	}
	text += e.advice(call)
	return text, violations
}

// advice says which flag may help.
func (e *Error) advice(call *client.Error) string {
	switch {
	case call.Code == codes.Unauthenticated && !e.hasKey:
		return " (no API key was given: set ASSENT_API_KEY_FILE or --api-key-file)"
	case call.Reason == "" && call.Code == codes.DeadlineExceeded:
		return "; --timeout gives it more"
	}
	switch call.Obstacle {
	case client.ObstacleHTTP:
		return fmt.Sprintf("; --server takes the port for gRPC, such as %s", client.DefaultServer)
	case client.ObstacleNeedsTLS:
		return "; if it expects TLS, give --tls or --tls-ca"
	case client.ObstacleNoTLS:
		return "; it does not use TLS: leave out --tls and --tls-ca for a server on this machine, or give --insecure for another"
	default:
		return ""
	}
}
