package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/phrase"
	"github.com/assent-io/assent/internal/scenario"
)

// testFailure is a check that was answered otherwise than expected, a case that went elsewhere, an event
// that was refused, or something that is wrong with a file.
type testFailure struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	// Name is the scenario's.
	Name        string           `json:"name,omitempty"`
	Differences []testDifference `json:"differences,omitempty"`
	// Error is why there is no answer to compare.
	Error string `json:"error,omitempty"`
	// text is the failure on one line.
	text string
}

type testDifference struct {
	Field    string `json:"field"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
}

// testReport is what assent test writes as JSON.
type testReport struct {
	Files     int           `json:"files"`
	Scenarios int           `json:"scenarios"`
	Checks    int           `json:"checks"`
	Failures  []testFailure `json:"failures"`
}

// test runs scenario files.
func (a *app) test() *cobra.Command {
	return &cobra.Command{
		Use:   "test {FILE | DIR}...",
		Short: "Run scenario files, without a server",
		Long: "Run the scenarios of files, and of folders with all their subfolders, without a server. It writes one line for each\n" +
			"check or case that fails, with the expected and the actual values, and then a summary. The exit code is 0 only if all pass.\n\n" +
			"With --format json it writes {\"files\", \"scenarios\", \"checks\", \"failures\": [{\"file\", \"line\", \"name\",\n" +
			"\"differences\": [{\"field\", \"expected\", \"got\"}], \"error\"}]}.",
		Args: cobra.MinimumNArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			files, err := scenario.Find(args)
			if err != nil {
				return err
			}
			report := testReport{Files: len(files), Failures: []testFailure{}}
			for _, file := range files {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := report.run(file); err != nil {
					return err
				}
			}
			if err := a.writeTested(report); err != nil {
				return err
			}
			if len(report.Failures) > 0 {
				return terminal.ExitCode(terminal.ExitFailed)
			}
			return nil
		}),
	}
}

// run adds what becomes of a file.
func (r *testReport) run(file string) error {
	scenarios, err := scenario.Load(file)
	if invalid, ok := errors.AsType[*scenario.Invalid](err); ok {
		for _, p := range invalid.Problems {
			r.Failures = append(r.Failures, testFailure{File: p.File, Line: p.Line, Error: p.Message, text: p.String()})
		}
		return nil
	}
	if err != nil {
		return err
	}
	r.Scenarios += len(scenarios)
	for i := range scenarios {
		r.Checks += len(scenarios[i].Checks) + len(scenarios[i].Cases)
		for _, result := range scenario.RunCore(&scenarios[i]) {
			if result.Failed() {
				r.Failures = append(r.Failures, failureOf(result))
			}
		}
	}
	return nil
}

func failureOf(result scenario.Result) testFailure {
	f := testFailure{File: result.Scenario.File, Line: result.Line, Name: result.Scenario.Name, text: result.String()}
	for _, d := range result.Differences {
		f.Differences = append(f.Differences, testDifference{d.Field, d.Want, d.Got})
	}
	if result.Refused != nil {
		f.Error = result.Refused.Error()
	}
	return f
}

func (a *app) writeTested(r testReport) error {
	if a.JSON() {
		return a.PrintJSON(r)
	}
	for _, f := range r.Failures {
		if err := a.Print(phrase.OneLine(f.text) + "\n"); err != nil {
			return err
		}
	}
	checks := phrase.Count(r.Checks, "check") + " of " + phrase.Count(r.Scenarios, "scenario")
	switch {
	case len(r.Failures) > 0:
		return a.Print(fmt.Sprintf("%s in %s\n", phrase.Count(len(r.Failures), "failure"), checks))
	case r.Checks == 1:
		return a.Print(checks + " holds\n")
	default:
		return a.Print("all " + checks + " hold\n")
	}
}
