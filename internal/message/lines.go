package message

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// pieceSize is how much of a line is in memory at once.
const pieceSize = 16 << 10

// A piece is a line, or a piece of one that is longer than [pieceSize].
type piece struct {
	data  []byte // without the line end; valid until the next call of next
	end   string // the line end as it was read; empty: more of the line follows, or the input ends
	first bool   // the beginning of a line
}

// lines reads an input line by line, within a limit of size.
type lines struct {
	in     *bufio.Reader
	delim  byte
	max    int64
	read   int64
	number int // of the line that was read last
	inLine bool
	now    piece
	again  bool

	bareLF, bareCR int // first line with such an end, 0: none
}

// newLines reads at most limit bytes, with a buffer of that size.
func newLines(r io.Reader, limit int64, buffer int) *lines {
	l := &lines{in: bufio.NewReaderSize(r, buffer), delim: '\n', max: limit}
	// A file of an old Macintosh has CR for line ends.
	if look, _ := l.in.Peek(l.in.Size()); bytes.IndexByte(look, '\n') < 0 && bytes.IndexByte(look, '\r') >= 0 {
		l.delim = '\r'
	}
	return l
}

// next returns the next piece; io.EOF at the end.
func (l *lines) next() (piece, error) {
	if l.again {
		l.again = false
		return l.now, nil
	}
	data, err := l.in.ReadSlice(l.delim)
	l.read += int64(len(data))
	first := !l.inLine
	if first && len(data) > 0 {
		l.number++
	}
	switch {
	case l.read > l.max:
		return piece{}, &LimitError{Limit: "size", Max: l.max, Line: l.number}
	case len(data) == 0 && err != nil:
		return piece{}, err
	case err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF):
		return piece{}, err
	}
	l.inLine = errors.Is(err, bufio.ErrBufferFull)
	if l.inLine && data[len(data)-1] == '\r' && l.in.UnreadByte() == nil {
		// It may be the first half of a line end.
		data = data[:len(data)-1]
		l.read--
	}
	l.now = l.split(data, err == nil)
	l.now.first = first
	return l.now, nil
}

// split takes the line end off.
func (l *lines) split(data []byte, ended bool) piece {
	content := data
	if ended {
		content = bytes.TrimRight(data[:len(data)-1], "\r")
		switch {
		case l.delim == '\r':
			l.note(&l.bareCR)
		case len(content) == len(data)-1:
			l.note(&l.bareLF)
		case len(content) < len(data)-2:
			l.note(&l.bareCR)
		}
	}
	if bytes.IndexByte(content, '\r') >= 0 {
		l.note(&l.bareCR)
	}
	return piece{data: content, end: lineEnd(data[len(content):])}
}

// lineEnd returns a line end as a text, without an allocation for those that mails have.
func lineEnd(end []byte) string {
	switch string(end) {
	case "\r\n":
		return "\r\n"
	case "\n":
		return "\n"
	}
	return string(end)
}

func (l *lines) note(line *int) {
	if *line == 0 {
		*line = l.number
	}
}

// unread makes next return the last piece once more.
func (l *lines) unread() { l.again = true }

// lookAhead returns what follows the last piece, at most n bytes, and the last piece anew: the bytes that next returned are no longer valid.
func (l *lines) lookAhead(n int) (piece, []byte) {
	l.now.data = bytes.Clone(l.now.data)
	look, _ := l.in.Peek(n)
	return l.now, look
}
