package connect

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/phrase"
)

// Error is the error of a call to the server, with what the caller may
// need to know besides.
type Error struct {
	Err    error
	server string
	hasKey bool
	plain  bool
	// Catalog is the file of the catalog that the call was about; the server does not know its name.
	Catalog string
	// Hint is what the caller may have meant.
	Hint string
}

func (e *Error) Error() string { return status.Convert(e.Err).Message() }

func (e *Error) Unwrap() error { return e.Err }

// Reason returns the reason of an error of a call; empty if it has none.
func Reason(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// CatalogPrefix begins what the server says about a line of a catalog.
const CatalogPrefix = "catalog:"

// Describe returns what happened and the field violations.
func (e *Error) Describe() (text string, violations []string) {
	s := status.Convert(e.Err)
	reason := ""
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				if problem, ok := strings.CutPrefix(v.GetDescription(), CatalogPrefix); ok && e.Catalog != "" {
					violations = append(violations, e.Catalog+":"+problem)
					continue
				}
				violations = append(violations, strings.TrimPrefix(v.GetField()+": "+v.GetDescription(), ": "))
			}
		}
	}
	if len(violations) == 1 && violations[0] == s.Message() {
		// The message says it already.
		violations = nil
	}
	switch {
	case reason != "":
		text = reason + ": " + s.Message()
		if e.Hint != "" {
			text = strings.TrimSuffix(text, ".") + e.Hint
		}
	case s.Code() == codes.Unavailable:
		text = unreachable(e.server, e.plain, s.Message())
	case s.Code() == codes.DeadlineExceeded:
		text = fmt.Sprintf("the server at %s did not answer in time; --timeout gives it more", e.server)
	default:
		text = s.Code().String() + ": " + s.Message()
	}
	if s.Code() == codes.Unauthenticated && !e.hasKey {
		text += " (no API key was given: set ASSENT_API_KEY_FILE or --api-key-file)"
	}
	return text, violations
}

// unreachable says why a server cannot be reached, and what may help. gRPC knows only texts.
func unreachable(server string, plain bool, message string) string {
	host, _, _ := net.SplitHostPort(server)
	switch {
	case strings.Contains(message, "looked like an HTTP/1"), strings.Contains(message, "missing selected ALPN property"),
		strings.Contains(message, "no application protocol"):
		return fmt.Sprintf("the server at %s speaks HTTP, not gRPC: it is the port for REST; --server takes the port for gRPC, such as %s",
			server, DefaultServer)
	case strings.Contains(message, "produced zero addresses"), strings.Contains(message, "no such host"):
		return fmt.Sprintf("the host %s of --server is unknown: no address was found for its name", phrase.Printable(host))
	}
	text := fmt.Sprintf("the server at %s cannot be reached: %s", server, lastPart(message))
	switch {
	case plain && strings.Contains(message, "server preface"):
		text += "; if it expects TLS, give --tls or --tls-ca"
	case strings.Contains(message, "does not look like a TLS handshake"):
		text += "; it does not use TLS: leave out --tls and --tls-ca for a server on this machine, or give --insecure for another"
	}
	return text
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
