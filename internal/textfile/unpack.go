package textfile

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

const (
	// maxRatio is how much larger a file may get by unpacking, once it is larger than freeSize. Lists get 5 to 50 times larger; gzip
	// can make 1,030 of one.
	maxRatio = 500
	freeSize = 64 << 20
)

// Unpack returns what the file holds: unpacked where it is packed with gzip, as its first bytes tell. With mustBe it is an error that it is
// not. More bytes than maximum, a *TooLargeError, or far more than it has packed, are an error when they are read; 0: any number.
func Unpack(from io.Reader, mustBe bool, maximum int64) (unpacked io.Reader, packed bool, err error) {
	stored := &source{from: from}
	magic, err := readUpTo(stored, 2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	whole := io.MultiReader(bytes.NewReader(magic), stored)
	packed = bytes.Equal(magic, []byte{0x1f, 0x8b})
	switch {
	case packed:
		if whole, err = gzip.NewReader(whole); err != nil {
			return nil, false, errors.New("it is not a complete gzip file")
		}
	case mustBe:
		return nil, false, errors.New("it is not a gzip file")
	}
	limited := &source{from: whole, maximum: maximum}
	if packed {
		limited.packed = stored
	}
	return limited, packed, nil
}

// TooLargeError is that a file has more bytes than it may have.
type TooLargeError struct{ Maximum int64 }

// Error says how many it may have.
func (e *TooLargeError) Error() string { return fmt.Sprintf("it has more than %d bytes", e.Maximum) }

// source reads and counts. Its error stays.
type source struct {
	from io.Reader
	// maximum is how many bytes there may be; 0: any number.
	maximum int64
	// packed is what from unpacks; nil: nothing.
	packed *source
	n      int64
	err    error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.from.Read(p)
	s.n += int64(n)
	switch {
	case s.maximum > 0 && s.n > s.maximum:
		err = &TooLargeError{Maximum: s.maximum}
	case s.packed != nil && s.n > freeSize && s.n/maxRatio > s.packed.n:
		err = fmt.Errorf("it becomes more than %d times larger by unpacking, which no list does", maxRatio)
	}
	if s.packed != nil {
		err = plain(err)
	}
	s.err = err
	return n, err
}

// readUpTo reads the number of bytes, or fewer with the error that ended them.
func readUpTo(from io.Reader, size int) ([]byte, error) {
	text := make([]byte, size)
	n, err := io.ReadFull(from, text)
	if errors.Is(err, io.ErrUnexpectedEOF) && n < size {
		// Either the end, or a packed file that is cut short: reading on tells.
		err = nil
	}
	return text[:n], err
}

// plain says in plain words why unpacking stopped.
func plain(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the gzip file is cut short")
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return errors.New("the gzip file is damaged")
	}
	if _, isDamaged := errors.AsType[flate.CorruptInputError](err); isDamaged {
		return errors.New("the gzip file is damaged")
	}
	return err
}

// refuseBinary says what a file is that has no text.
func refuseBinary(look []byte) error {
	switch {
	case bytes.HasPrefix(look, []byte("PK\x03\x04")), bytes.HasPrefix(look, []byte("PK\x05\x06")):
		return errors.New("it is a ZIP archive or a workbook (.xlsx): unpack it, or save the sheet as CSV, and give the file inside")
	case bytes.HasPrefix(look, []byte("\xd0\xcf\x11\xe0")):
		return errors.New("it is a workbook (.xls): save the sheet as CSV")
	}
	return nil
}
