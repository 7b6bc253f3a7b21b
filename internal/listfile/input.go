// Package listfile reads and writes the files in which lists are exchanged: events to import, audiences to check, and what is written
// about them. Files are tables with a header or NDJSON, may be packed with gzip, and are read row by row, so that a file of any size
// fits; textfile and table find out their form. It knows neither the server nor the command line.
//
// What is wrong with a row is a *table.RowError with its lines. No error repeats a value of a row: in a row that slipped a column it may be
// an address.
package listfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"github.com/assent-io/assent/internal/textfile"
)

// Standard is the file name for standard input or output.
const Standard = "-"

// Streams are the standard streams of the process that opens files.
type Streams struct {
	In  io.Reader
	Out io.Writer
	// Interruptible makes a reader that stops waiting when the process is interrupted.
	Interruptible func(io.Reader) io.Reader
}

// Input is a file or standard input, unpacked.
type Input struct {
	// Name is what to call it in messages.
	Name string
	// Size is the number of bytes as stored, -1 if it is not known.
	Size int64
	// Text is what the file holds.
	Text   io.Reader
	raw    bool
	stored io.ReadCloser
	read   atomic.Int64
}

// Open opens a file, or standard input for Standard. What is packed with gzip is unpacked; a name that ends in .gz must be.
func (s *Streams) Open(name string) (*Input, error) {
	name, stored, size, err := s.stored(name)
	if err != nil {
		return nil, err
	}
	return NewInput(name, stored, size)
}

// OpenRaw opens a file, or standard input for Standard. Its bytes are read as they are stored.
func (s *Streams) OpenRaw(name string) (*Input, error) {
	name, stored, size, err := s.stored(name)
	if err != nil {
		return nil, err
	}
	in := &Input{Name: name, Size: size, raw: true, stored: stored}
	in.Text = in.buffer()
	return in, nil
}

// stored opens a file, and returns what to call it and its size.
func (s *Streams) stored(name string) (display string, stored io.ReadCloser, size int64, err error) {
	if name == Standard {
		return "standard input", io.NopCloser(s.In), -1, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return "", nil, 0, err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		return name, file, info.Size(), nil
	}
	// Reading a pipe or a device may wait for ever.
	return name, interruptibleFile{s.Interruptible(file), file}, -1, nil
}

// interruptibleFile is a file that is read through an interruptible reader.
type interruptibleFile struct {
	io.Reader
	io.Closer
}

// NewInput reads what was opened, and closes it where that fails. The size is -1 if it is not known.
func NewInput(name string, stored io.ReadCloser, size int64) (*Input, error) {
	in := &Input{Name: name, Size: size, stored: stored}
	if err := in.unpack(); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return in, nil
}

// unpack finds out whether the bytes are packed, and reads what they hold.
func (in *Input) unpack() error {
	unpacked, _, err := textfile.Unpack(in.buffer(), strings.HasSuffix(in.Name, ".gz"), 0)
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	in.Text = unpacked
	return nil
}

// buffer reads the bytes as stored, and counts them.
func (in *Input) buffer() *bufio.Reader {
	return bufio.NewReaderSize(&counter{from: in.stored, n: &in.read}, 64<<10)
}

// BytesRead returns how many bytes as stored were read so far.
func (in *Input) BytesRead() int64 { return in.read.Load() }

// ReadAll reads the text, at most the given number of bytes of it, and closes the file. A byte order mark is left out unless the bytes are
// read as they are stored.
func (in *Input) ReadAll(limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in.Text, limit))
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	if !in.raw {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	return text, nil
}

// Close closes what was opened.
func (in *Input) Close() error { return in.stored.Close() }

// counter counts the bytes that pass.
type counter struct {
	from io.Reader
	n    *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n.Add(int64(n))
	return n, err
}
