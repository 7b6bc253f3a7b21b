package cli

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
	// stdinName stands for standard input where a file is named.
	stdinName = "-"
	// maxRecord is the length of the longest line or CSV record in bytes.
	maxRecord = 1 << 20
)

// input is a file or standard input, unpacked.
type input struct {
	// name is what to call it in messages.
	name string
	// size is the number of bytes as stored, -1 if it is not known.
	size   int64
	stored io.ReadCloser
	// read counts the bytes as stored that were read so far.
	read atomic.Int64
	text *bufio.Reader
}

// open opens a file, or standard input for -. What is packed with gzip is
// unpacked; a name that ends in .gz must be. A byte order mark is left out.
func (a *app) open(name string) (*input, error) {
	if name == stdinName {
		return newInput("standard input", io.NopCloser(a.stdin), -1)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		return newInput(name, file, info.Size())
	}
	// Reading a pipe or a device may wait for ever.
	return newInput(name, interruptibleFile{a.interruptible(file), file}, -1)
}

// interruptibleFile is a file that is read through an interruptible reader.
type interruptibleFile struct {
	io.Reader
	io.Closer
}

// newInput reads what was opened, and closes it where that fails.
func newInput(name string, stored io.ReadCloser, size int64) (*input, error) {
	in := &input{name: name, size: size, stored: stored}
	if err := in.unpack(); err != nil {
		return nil, errors.Join(err, in.close())
	}
	return in, nil
}

// unpack finds out whether the bytes are packed, and reads what they hold.
func (in *input) unpack() error {
	packed := bufio.NewReaderSize(&counter{from: in.stored, n: &in.read}, 64<<10)
	in.text = packed
	magic, err := packed.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", in.name, err)
	}
	if bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(packed)
		if err != nil {
			return fmt.Errorf("%s: it is no whole gzip file", in.name)
		}
		in.text = bufio.NewReaderSize(unpacked, 64<<10)
	} else if strings.HasSuffix(in.name, ".gz") {
		return fmt.Errorf("%s: it is no gzip file", in.name)
	}
	if mark, err := in.text.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = in.text.Discard(len(mark))
	}
	return nil
}

// close closes what was opened.
func (in *input) close() error { return in.stored.Close() }

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
