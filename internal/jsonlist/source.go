package jsonlist

import (
	"bytes"
	"fmt"

	"github.com/assent-io/assent/internal/textfile"
)

// errTooLong is returned for an item, or what stands around a list, of more than MaxItem bytes.
var errTooLong = fmt.Errorf("an item, or what stands beside the list, is longer than %d bytes", MaxItem)

// source gives a text to a decoder, remembers where lines end, and stops where the decoder reads on and on without an end of the item.
type source struct {
	text *textfile.Reader
	// given is how many bytes the decoder got, start how many of them it is done with.
	given, start int64
	// line is the number of the line at start, and ends are the offsets of the line ends behind it that the decoder got.
	line int
	ends []int64
}

func (s *source) Read(p []byte) (int, error) {
	if s.given-s.start > MaxItem {
		return 0, errTooLong
	}
	n, err := s.text.Read(p)
	for at := 0; ; at++ {
		next := bytes.IndexByte(p[at:n], '\n')
		if next < 0 {
			break
		}
		at += next
		s.ends = append(s.ends, s.given+int64(at))
	}
	s.given += int64(n)
	return n, err
}

// consumed says up to which offset the decoder is done.
func (s *source) consumed(offset int64) {
	s.start = offset
	past := s.before(offset)
	s.line += past
	s.ends = s.ends[past:]
}

// before returns how many of the line ends stand before an offset.
func (s *source) before(offset int64) int {
	n := 0
	for n < len(s.ends) && s.ends[n] < offset {
		n++
	}
	return n
}

// lineAt returns the line of an offset behind start.
func (s *source) lineAt(offset int64) int { return s.line + s.before(offset) }
