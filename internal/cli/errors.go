package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// usageError is the caller's mistake, whenever it is found.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// exitCode ends a command with this code and nothing more to say.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// callError is the error of a call to the server, with what the caller may
// need to know besides.
type callError struct {
	err    error
	server string
	hasKey bool
}

func (e *callError) Error() string { return status.Convert(e.err).Message() }
func (e *callError) Unwrap() error { return e.err }

// report writes the error: one line, and one for each field violation.
func (a *app) report(ctx context.Context, err error) {
	call, isCall := errors.AsType[*callError](err)
	switch {
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled):
		a.notef("assent: interrupted")
	case isCall:
		text, violations := call.describe()
		if outer, found := strings.CutSuffix(err.Error(), call.Error()); found {
			text = outer + text
		}
		a.notef("assent: %s", oneLine(text))
		for _, v := range violations {
			a.notef("  %s", oneLine(v))
		}
	default:
		a.notef("assent: %s", oneLine(err.Error()))
	}
}

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
	case s.Code() == codes.Unavailable:
		text = fmt.Sprintf("the server at %s cannot be reached: %s", e.server, lastPart(s.Message()))
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

// lastPart returns the cause from a chain of gRPC's texts, such as
// `connection error: desc = "transport: …: connect: connection refused"`.
func lastPart(message string) string {
	if _, desc, found := strings.Cut(message, "desc = "); found {
		message = strings.Trim(desc, `"`)
	}
	if i := strings.LastIndex(message, ": "); i >= 0 {
		return message[i+2:]
	}
	return message
}

// oneLine makes a text safe for one line of a terminal.
func oneLine(text string) string {
	return printable(strings.ReplaceAll(text, "\n", "; "))
}

// withoutAddresses replaces what may be an address.
func withoutAddresses(text string) string {
	return regexp.MustCompile(`[^\s"'=]*@[^\s"']*`).ReplaceAllString(text, "…")
}

// notef writes a line for people to standard error.
func (a *app) notef(format string, args ...any) {
	// Nobody is left to tell when standard error cannot be written to.
	_, _ = fmt.Fprintf(a.stderr, format+"\n", args...)
}
