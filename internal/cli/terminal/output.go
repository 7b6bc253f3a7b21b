package terminal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"text/tabwriter"

	"google.golang.org/protobuf/proto"

	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/phrase"
	"github.com/assent-io/assent/internal/textfile"
)

// PrintMessage writes a message as JSON, indented.
func (t *Terminal) PrintMessage(m proto.Message) error {
	data, err := PlainJSON(m)
	if err != nil {
		return err
	}
	return t.writeRaw(data)
}

// PrintJSON writes a value as JSON, indented.
func (t *Terminal) PrintJSON(value any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("the result cannot be written as JSON: %w", err)
	}
	return t.writeRaw(b.Bytes())
}

// writeRaw indents JSON: protojson varies its spaces on purpose.
func (t *Terminal) writeRaw(data []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(data), "", "  "); err != nil {
		return fmt.Errorf("the result is not valid JSON: %w", err)
	}
	b.WriteByte('\n')
	return t.Print(b.String())
}

// ErrReaderGone is the error of a write to standard output that nothing reads any more.
var ErrReaderGone = errors.New("the reader of standard output has closed it")

// pipeWriter is standard output, which may be a pipe.
type pipeWriter struct{ to io.Writer }

func (w pipeWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		err = ErrReaderGone
	}
	return n, err
}

// Streams are those that files are read from and written to.
func (t *Terminal) Streams() *listfile.Streams {
	return &listfile.Streams{In: t.Stdin, Out: pipeWriter{t.Stdout}, Interruptible: t.interruptible}
}

// Open opens a file, or standard input for -.
func (t *Terminal) Open(name string) (*listfile.Input, error) { return t.Streams().Open(name) }

// Create starts a CSV file, or standard output for -.
func (t *Terminal) Create(path string) (*listfile.Writer, error) { return t.Streams().Create(path) }

// NewRejected reports rows that were rejected to a file, or without a path to standard error.
func (t *Terminal) NewRejected(path string) *listfile.Rejected {
	return listfile.NewRejected(path, func(r listfile.Rejection) {
		t.Notef("line %d: %s: %s", r.Line, r.Reason, phrase.OneLine(r.Message))
	})
}

// WarnOdd warns of addresses that look changed.
func (t *Terminal) WarnOdd(odd *listfile.OddAddresses) {
	if text := odd.Warning(); text != "" {
		t.Notef("warning: %s", text)
	}
}

// NoteEncoding says of a file as which encoding it is read where nothing proves that it is the right one.
func (t *Terminal) NoteEncoding(name string, found textfile.Detected) {
	if found.Guessed {
		t.Notef("%s is not UTF-8; read as %s. If it is another encoding, --encoding names it.", name, found.Encoding)
	}
}

// Print writes to standard output.
func (t *Terminal) Print(text string) error {
	if _, err := io.WriteString(pipeWriter{t.Stdout}, text); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// PrintTable writes rows in columns; the cells are made printable.
func (t *Terminal) PrintTable(rows [][]string) error {
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
	return t.Print(lines.String())
}
