// Package failure says what went wrong with a run of the program: in lines for a person, or as JSON for a script. It repeats no
// argument that may be an address.
package failure

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/phrase"
)

// prefix begins the first line of an error.
const prefix = "assent: "

// Lines returns an error as it is written for a person: a line, and one for each field violation of a call or problem of a document.
func Lines(err error) []string {
	call, isCall := errors.AsType[*connect.Error](err)
	if !isCall {
		return problemLines(err)
	}
	text, violations := call.Describe()
	if outer, found := strings.CutSuffix(err.Error(), call.Error()); found {
		text = outer + text
	}
	lines := []string{prefix + phrase.OneLine(text)}
	for _, v := range violations {
		lines = append(lines, "  "+phrase.OneLine(v))
	}
	return lines
}

// problemLines returns one line, but several for a document that this process
// itself refused: one for each problem.
func problemLines(err error) []string {
	refused, ok := errors.AsType[*fault.Error](err)
	if !ok || len(refused.Violations) == 0 {
		return []string{prefix + phrase.OneLine(err.Error())}
	}
	text, problems, _ := strings.Cut(err.Error(), "\n")
	lines := []string{prefix + phrase.OneLine(text)}
	for problem := range strings.Lines(problems) {
		lines = append(lines, "  "+phrase.OneLine(problem))
	}
	return lines
}

// JSON returns an error as it is written with --format json.
func JSON(err error, code int) terminal.Error {
	e := terminal.Error{Code: "FAILED", ExitCode: code}
	if code == terminal.ExitUsage {
		e.Code = "USAGE"
	}
	call, isCall := errors.AsType[*connect.Error](err)
	if !isCall {
		lines := problemLines(err)
		e.Message = strings.TrimPrefix(lines[0], prefix)
		for _, line := range lines[1:] {
			e.Violations = append(e.Violations, terminal.Violation{Message: strings.TrimSpace(line)})
		}
		return e
	}
	text, _ := call.Describe()
	if outer, found := strings.CutSuffix(err.Error(), call.Error()); found {
		text = outer + text
	}
	e.Message = phrase.OneLine(text)
	e.Code = call.Call().Reason
	if e.Code == "" {
		e.Code = strings.ToUpper(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(call.Call().Code.String(), "${1}_$2"))
	}
	for _, v := range call.Call().Violations {
		e.Violations = append(e.Violations, terminal.Violation{Field: v.Field, Message: phrase.OneLine(v.Description)})
	}
	return e
}

// Usage says what is wrong with the arguments of the program, as cobra and pflag found it. These repeat arguments, which may be addresses.
func Usage(cmd *cobra.Command, err error) string {
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
	case *value.Choice, *value.Time, *value.Declaration, *value.Basis, *value.Positions:
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

// AsksForJSON reports whether the arguments ask for JSON, also where they are wrong and were not read to their end.
func AsksForJSON(args []string) bool {
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
