package listfile

import (
	"bufio"
	"errors"
	"os"
	"strconv"
	"strings"
)

// The first lines of a file of rejected rows, without and with the column of each.
const (
	rejectedHeader  = "line,reason,message"
	rejectedColumns = "line,column,reason,message"
)

// Rejection is why a row was not taken.
type Rejection struct {
	Line int
	// Column is the column that is wrong, where the file of the rejected rows has them; empty: the row as a whole.
	Column  string
	Reason  string
	Message string
}

// Rejected reports rows that were not taken, in a file that is made with the first of them. Without a path they are told one by one.
// The rows themselves are not repeated: the file holds no address.
type Rejected struct {
	path   string
	tell   func(Rejection)
	header string
	file   *Writer
}

// NewRejected reports to the file of that path, or without one to tell.
func NewRejected(path string, tell func(Rejection)) *Rejected {
	return &Rejected{path: path, tell: tell, header: rejectedHeader}
}

// NewRejectedColumns is NewRejected with the column of each row that is rejected.
func NewRejectedColumns(path string, tell func(Rejection)) *Rejected {
	return &Rejected{path: path, tell: tell, header: rejectedColumns}
}

// Add reports rows.
func (r *Rejected) Add(rejections []Rejection) error {
	if len(rejections) > 0 && r.file == nil && r.path != "" {
		var err error
		if r.file, err = createFile(r.path); err != nil {
			return err
		}
		if err := r.file.WriteRow(strings.Split(r.header, ",")); err != nil {
			return err
		}
	}
	for _, one := range rejections {
		if r.file == nil {
			r.tell(one)
		} else if err := r.file.WriteRow(r.cells(&one)); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rejected) cells(one *Rejection) []string {
	if r.header == rejectedHeader {
		return []string{strconv.Itoa(one.Line), one.Reason, one.Message}
	}
	return []string{strconv.Itoa(one.Line), defused(one.Column), one.Reason, defused(one.Message)}
}

// defused returns a text that no spreadsheet takes for a formula. The name of a column comes from the file.
func defused(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Publish puts the file in its place, if anything was rejected.
func (r *Rejected) Publish() error {
	if r.file == nil {
		return nil
	}
	if err := r.file.Finish(); err != nil {
		return errors.Join(err, r.file.Discard())
	}
	return errors.Join(r.file.Publish(), r.file.Discard())
}

// RemoveStale removes the file that an earlier import left, which is wrong when
// a later one rejects nothing.
func (r *Rejected) RemoveStale() error {
	if r.path == "" {
		return nil
	}
	file, err := os.Open(r.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	line, _ := bufio.NewReader(file).ReadString('\n')
	info, err := file.Stat()
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if !info.Mode().IsRegular() || strings.TrimRight(line, "\r\n") != r.header {
		// Another program's.
		return nil
	}
	return os.Remove(r.path)
}

// Path is where the file is made; empty: rows are told.
func (r *Rejected) Path() string { return r.path }
