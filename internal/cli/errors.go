package cli

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/phrase"
)

// callError is the error of a call to the server, with what the caller may
// need to know besides.
type callError struct {
	err    error
	server string
	hasKey bool
	plain  bool
	// catalog is the file of the catalog that the call was about; the server does not know its name.
	catalog string
	// hint is what the caller may have meant.
	hint string
}

func (e *callError) Error() string { return status.Convert(e.err).Message() }
func (e *callError) Unwrap() error { return e.err }

// report writes the error: one line, and one for each field violation or
// problem of a catalog.
func (a *app) report(err error) {
	call, isCall := errors.AsType[*callError](err)
	switch {
	case isCall:
		text, violations := call.describe()
		if outer, found := strings.CutSuffix(err.Error(), call.Error()); found {
			text = outer + text
		}
		a.Notef("assent: %s", phrase.OneLine(text))
		for _, v := range violations {
			a.Notef("  %s", phrase.OneLine(v))
		}
	default:
		for _, line := range problemLines(err) {
			a.Notef("%s", line)
		}
	}
}

// problemLines returns one line, but several for a document that this process
// itself refused: one for each problem.
func problemLines(err error) []string {
	refused, ok := errors.AsType[*fault.Error](err)
	if !ok || len(refused.Violations) == 0 {
		return []string{"assent: " + phrase.OneLine(err.Error())}
	}
	text, problems, _ := strings.Cut(err.Error(), "\n")
	lines := []string{"assent: " + phrase.OneLine(text)}
	for problem := range strings.Lines(problems) {
		lines = append(lines, "  "+phrase.OneLine(problem))
	}
	return lines
}

// catalogPrefix begins what the server says about a line of a catalog.
const catalogPrefix = "catalog:"

// describe returns what happened and the field violations.
func (e *callError) describe() (text string, violations []string) {
	s := status.Convert(e.err)
	reason := ""
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				if problem, ok := strings.CutPrefix(v.GetDescription(), catalogPrefix); ok && e.catalog != "" {
					violations = append(violations, e.catalog+":"+problem)
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
		text = reason + ": " + s.Message() + e.hint
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

// errorJSONOf returns an error as it is written with --format json.
func errorJSONOf(err error, code int) terminal.Error {
	e := terminal.Error{Code: "FAILED", ExitCode: code}
	if code == terminal.ExitUsage {
		e.Code = "USAGE"
	}
	call, isCall := errors.AsType[*callError](err)
	if !isCall {
		lines := problemLines(err)
		e.Message = strings.TrimPrefix(lines[0], "assent: ")
		for _, line := range lines[1:] {
			e.Violations = append(e.Violations, terminal.Violation{Message: strings.TrimSpace(line)})
		}
		return e
	}
	text, _ := call.describe()
	if outer, found := strings.CutSuffix(err.Error(), call.Error()); found {
		text = outer + text
	}
	e.Message = phrase.OneLine(text)
	s := status.Convert(call.err)
	e.Code = strings.ToUpper(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(s.Code().String(), "${1}_$2"))
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			e.Code = d.GetReason()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				e.Violations = append(e.Violations, terminal.Violation{Field: v.GetField(), Message: phrase.OneLine(v.GetDescription())})
			}
		}
	}
	return e
}

// unreachable says why a server cannot be reached, and what may help. gRPC knows only texts.
func unreachable(server string, plain bool, message string) string {
	host, _, _ := net.SplitHostPort(server)
	switch {
	case strings.Contains(message, "looked like an HTTP/1"), strings.Contains(message, "missing selected ALPN property"),
		strings.Contains(message, "no application protocol"):
		return fmt.Sprintf("the server at %s speaks HTTP, not gRPC: it is the port for REST; --server takes the port for gRPC, such as %s",
			server, defaultServer)
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

// callText says what is wrong with a call of the program. Cobra and pflag
// repeat arguments, which may be addresses.
func callText(cmd *cobra.Command, err error) string {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && unknown.GetSpecifiedShortnames() == "" {
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
		return withoutAddresses(err.Error()) + nearest.Hint("--"+unknown.GetSpecifiedName(), known)
	}
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return withoutAddresses(err.Error())
	}
	if !strings.Contains(invalid.GetValue(), "@") {
		return err.Error()
	}
	cause := invalid.Unwrap().Error()
	switch invalid.GetFlag().Value.(type) {
	case *value.Choice, *value.Time, *value.Declaration, *value.Basis:
		// They never repeat what they were given, but may show an example.
	default:
		cause = withoutAddresses(cause)
	}
	return fmt.Sprintf("invalid argument \"…\" for %q flag: %s", "--"+invalid.GetFlag().Name, cause)
}

// withoutAddresses replaces what may be an address.
func withoutAddresses(text string) string {
	return regexp.MustCompile(`[^\s"'=]*@[^\s"']*`).ReplaceAllString(text, "…")
}

// asksForJSON reports whether the arguments ask for JSON, also where they are wrong and were not read to their end.
func asksForJSON(args []string) bool {
	for i, arg := range args {
		if arg == "--" {
			return false
		}
		if arg == "--format=json" || arg == "--format" && i+1 < len(args) && args[i+1] == "json" {
			return true
		}
	}
	return false
}
