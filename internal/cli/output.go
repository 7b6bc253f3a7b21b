package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/phrase"
)

// choice is a flag that takes one of a few words.
type choice struct {
	value   string
	options []string
}

func newChoice(value string, options ...string) choice {
	return choice{value: value, options: options}
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return "word" }

func (c *choice) Set(value string) error {
	if !slices.Contains(c.options, value) {
		return fmt.Errorf("it must be one of %s%s", strings.Join(c.options, ", "), nearest.Hint(value, c.options))
	}
	c.value = value
	return nil
}

// complete lets the shell complete a flag with the words.
func complete(cmd *cobra.Command, flag string, words ...string) {
	// It fails only for a flag that is not there, which every run of a test
	// would show.
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		cmd.PrintErrln(err)
	}
}

// writeMessage writes a message as JSON, indented.
func (a *app) writeMessage(m proto.Message) error {
	data, err := plainJSON(m)
	if err != nil {
		return err
	}
	return a.writeRaw(data)
}

// writeJSON writes a value of this package as JSON, indented.
func (a *app) writeJSON(value any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("the result cannot be written as JSON: %w", err)
	}
	return a.writeRaw(b.Bytes())
}

// writeRaw indents JSON: protojson varies its spaces on purpose.
func (a *app) writeRaw(data []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(data), "", "  "); err != nil {
		return fmt.Errorf("the result is no JSON: %w", err)
	}
	b.WriteByte('\n')
	return a.write(b.String())
}

// errReaderGone is the error of a write to standard output that nothing reads any more.
var errReaderGone = errors.New("its reader has gone away")

// pipeWriter is standard output, which may be a pipe.
type pipeWriter struct{ to io.Writer }

func (w pipeWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		err = errReaderGone
	}
	return n, err
}

// streams are those that files are read from and written to.
func (a *app) streams() *listfile.Streams {
	return &listfile.Streams{In: a.stdin, Out: pipeWriter{a.stdout}, Interruptible: a.interruptible}
}

// open opens a file, or standard input for -.
func (a *app) open(name string) (*listfile.Input, error) { return a.streams().Open(name) }

// create starts a CSV file, or standard output for -.
func (a *app) create(path string) (*listfile.Writer, error) { return a.streams().Create(path) }

// newRejected reports rows that were rejected to a file, or without a path to standard error.
func (a *app) newRejected(path string) *listfile.Rejected {
	return listfile.NewRejected(path, func(r listfile.Rejection) {
		a.notef("line %d: %s: %s", r.Line, r.Reason, phrase.OneLine(r.Message))
	})
}

// warnOdd warns of addresses that look changed.
func (a *app) warnOdd(odd *listfile.OddAddresses) {
	if text := odd.Warning(); text != "" {
		a.notef("warning: %s", text)
	}
}

// write writes to standard output.
func (a *app) write(text string) error {
	if _, err := io.WriteString(pipeWriter{a.stdout}, text); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// table writes rows in columns; the cells are made printable.
func (a *app) table(rows [][]string) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = phrase.Printable(cell)
		}
		// A bytes.Buffer takes everything.
		_, _ = fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	var lines strings.Builder
	for line := range strings.Lines(b.String()) {
		lines.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return a.write(lines.String())
}

// stamp writes a time as RFC 3339 in UTC; nothing for an unset one.
func stamp(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().UTC().Format(time.RFC3339Nano)
}

// basisNames returns the legal bases by the names that files and flags use.
func basisNames() map[string]assentv1.LegalBasis {
	names := map[string]assentv1.LegalBasis{}
	for number := range assentv1.LegalBasis_name {
		if basis := assentv1.LegalBasis(number); basis != assentv1.LegalBasis_LEGAL_BASIS_UNSPECIFIED {
			names[basisName(basis)] = basis
		}
	}
	return names
}

// basisName returns the name of a basis in files and flags, or nothing.
func basisName(basis assentv1.LegalBasis) string {
	if basis == assentv1.LegalBasis_LEGAL_BASIS_UNSPECIFIED {
		return ""
	}
	return strings.ToLower(strings.TrimPrefix(basis.String(), "LEGAL_BASIS_"))
}

// verdictName returns ALLOW, DENY or DEFER.
func verdictName(verdict assentv1.Verdict) string {
	return strings.TrimPrefix(verdict.String(), "VERDICT_")
}

// declarationName returns id@version, or nothing.
func declarationName(ref *assentv1.DeclarationRef) string {
	if ref == nil {
		return ""
	}
	return ref.GetId() + "@" + ref.GetVersion()
}
