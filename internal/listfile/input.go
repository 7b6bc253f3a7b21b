// Package listfile reads and writes the files in which lists are exchanged: events to import, audiences to check, and what is written
// about them. Files are CSV with a header or NDJSON, may be packed with gzip, and are read row by row, so that a file of any size
// fits. It knows neither the server nor the command line.
//
// What is wrong with a row is a *BadRow with its lines. No error repeats a value of a row: in a row that slipped a column it may be
// an address.
package listfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
)

const (
	// Standard is the file name for standard input or output.
	Standard = "-"
	// maxRecord is the length of the longest line or CSV record in bytes.
	maxRecord = 1 << 20
)

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
	Text   *bufio.Reader
	stored io.ReadCloser
	read   atomic.Int64
}

// Open opens a file, or standard input for Standard. What is packed with gzip is unpacked; a name that ends in .gz must be. A byte
// order mark is left out.
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
	in := &Input{Name: name, Size: size, stored: stored}
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
	packed := in.buffer()
	in.Text = packed
	magic, err := packed.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	if bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(packed)
		if err != nil {
			return fmt.Errorf("%s: it is not a complete gzip file", in.Name)
		}
		in.Text = bufio.NewReaderSize(unpacked, 64<<10)
	} else if strings.HasSuffix(in.Name, ".gz") {
		return fmt.Errorf("%s: it is not a gzip file", in.Name)
	}
	if mark, err := in.Text.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = in.Text.Discard(len(mark))
	}
	return nil
}

// buffer reads the bytes as stored, and counts them.
func (in *Input) buffer() *bufio.Reader {
	return bufio.NewReaderSize(&counter{from: in.stored, n: &in.read}, 64<<10)
}

// BytesRead returns how many bytes as stored were read so far.
func (in *Input) BytesRead() int64 { return in.read.Load() }

// ReadAll reads the text, at most the given number of bytes of it, and closes the file.
func (in *Input) ReadAll(limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in.Text, limit))
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, readError(err))
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

// readError says in plain words why reading stopped.
func readError(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the gzip file is cut short")
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return errors.New("the gzip file is damaged")
	default:
		return err
	}
}
