package extlist

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Shared returns how many digests two versions of a form both list, each given as its stored bytes. It reads them side by side and keeps none of
// them. Errors: [ErrBody] for bytes that are cut short, and those of the readers.
func Shared(form Form, a, b io.Reader) (n int64, err error) {
	one, err := newEntries(form, a)
	if err != nil {
		return 0, err
	}
	other, err := newEntries(form, b)
	if err != nil {
		return 0, err
	}
	for err = errors.Join(one.next(), other.next()); err == nil && !one.ended && !other.ended; {
		switch order := bytes.Compare(one.digest, other.digest); {
		case order < 0:
			err = one.next()
		case order > 0:
			err = other.next()
		default:
			n++
			err = errors.Join(one.next(), other.next())
		}
	}
	return n, err
}

// entries are the digests that a version lists, one after the other.
type entries struct {
	in     *bufio.Reader
	digest []byte
	ended  bool
}

// newEntries returns those of a version, after the addresses that the keeper of the list was asked about.
func newEntries(form Form, in io.Reader) (*entries, error) {
	if form.Width() == 0 {
		return nil, fmt.Errorf("%w: there is no form %q", ErrBody, string(form))
	}
	e := &entries{in: bufio.NewReaderSize(in, 64<<10), digest: make([]byte, form.Width())}
	if !form.HasAsked() {
		return e, nil
	}
	var count [countSize]byte
	if _, err := io.ReadFull(e.in, count[:]); err != nil {
		return nil, cut(err)
	}
	asked := binary.BigEndian.Uint64(count[:])
	if asked > MaxEntries {
		return nil, fmt.Errorf("%w: they are of more addresses than a list has", ErrBody)
	}
	_, err := e.in.Discard(int(asked) * form.Width())
	return e, cut(err)
}

// next reads the next digest.
func (e *entries) next() error {
	_, err := io.ReadFull(e.in, e.digest)
	if errors.Is(err, io.EOF) {
		e.ended = true
		return nil
	}
	return cut(err)
}

// cut returns the error of reading bytes of which there should be more.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: they are cut short", ErrBody)
	}
	return err
}
