package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/dial"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/nearest"
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

// report writes the error: one line, and one for each field violation or
// problem of a catalog.
func (a *app) report(err error) {
	call, isCall := errors.AsType[*dial.CallError](err)
	switch {
	case isCall:
		text, violations := call.Describe()
		if outer, found := strings.CutSuffix(err.Error(), call.Error()); found {
			text = outer + text
		}
		a.notef("assent: %s", oneLine(text))
		for _, v := range violations {
			a.notef("  %s", oneLine(v))
		}
	default:
		for _, line := range problemLines(err) {
			a.notef("%s", line)
		}
	}
}

// problemLines returns one line, but several for a document that this process
// itself refused: one for each problem.
func problemLines(err error) []string {
	refused, ok := errors.AsType[*fault.Error](err)
	if !ok || len(refused.Violations) == 0 {
		return []string{"assent: " + oneLine(err.Error())}
	}
	text, problems, _ := strings.Cut(err.Error(), "\n")
	lines := []string{"assent: " + oneLine(text)}
	for problem := range strings.Lines(problems) {
		lines = append(lines, "  "+oneLine(problem))
	}
	return lines
}

// errorJSONOf returns an error as it is written with --format json.
func errorJSONOf(err error, code int) errorJSON {
	e := errorJSON{Code: "FAILED", ExitCode: code}
	if code == exitUsage {
		e.Code = "USAGE"
	}
	call, isCall := errors.AsType[*dial.CallError](err)
	if !isCall {
		lines := problemLines(err)
		e.Message = strings.TrimPrefix(lines[0], "assent: ")
		for _, line := range lines[1:] {
			e.Violations = append(e.Violations, violationJSON{Message: strings.TrimSpace(line)})
		}
		return e
	}
	text, _ := call.Describe()
	if outer, found := strings.CutSuffix(err.Error(), call.Error()); found {
		text = outer + text
	}
	e.Message = oneLine(text)
	s := status.Convert(call)
	e.Code = strings.ToUpper(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(s.Code().String(), "${1}_$2"))
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			e.Code = d.GetReason()
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				e.Violations = append(e.Violations, violationJSON{Field: v.GetField(), Message: oneLine(v.GetDescription())})
			}
		}
	}
	return e
}

// oneLine makes a text safe for one line of a terminal. Lines that say the same
// again are left out: a host name that leads to one address twice fails twice.
func oneLine(text string) string {
	var b strings.Builder
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.NewReplacer("\t", " ", "\r", " ").Replace(line))
		if line == "" || seen[line] {
			continue
		}
		seen[line] = true
		switch before := b.String(); {
		case before == "":
		case strings.HasSuffix(before, ":"):
			b.WriteByte(' ')
		default:
			b.WriteString("; ")
		}
		b.WriteString(line)
	}
	return printable(b.String())
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
	case *choice, *timeFlag, *declarationFlag, *basisFlag:
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

// notef writes a line for people to standard error.
func (a *app) notef(format string, args ...any) {
	// An error of writing to standard error has no place left to be shown.
	_, _ = fmt.Fprintf(a.stderr, format+"\n", args...)
}
