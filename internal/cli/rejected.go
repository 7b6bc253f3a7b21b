package cli

import (
	"bufio"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// rejectedHeader is the first line of a file of rejected rows.
const rejectedHeader = "line,reason,message"

// rejectedRows reports rows that were not recorded, in a file that is made
// with the first of them. Without a path they are written to standard error.
// The rows themselves are not repeated: the file holds no address.
type rejectedRows struct {
	app  *app
	path string
	file *outFile
}

// rejection is why a row was not recorded.
type rejection struct {
	line    int
	reason  string
	message string
}

func (r *rejectedRows) add(rejections []rejection) error {
	if len(rejections) > 0 && r.file == nil && r.path != "" {
		var err error
		if r.file, err = r.app.create(r.path); err != nil {
			return err
		}
		if err := r.file.write(strings.Split(rejectedHeader, ",")); err != nil {
			return err
		}
	}
	for _, one := range rejections {
		if r.file == nil {
			r.app.notef("line %d: %s: %s", one.line, one.reason, oneLine(one.message))
		} else if err := r.file.write([]string{strconv.Itoa(one.line), one.reason, one.message}); err != nil {
			return err
		}
	}
	return nil
}

// inColumns returns what the server says of an event in the words of the file:
// the field that it begins with, such as evidence.confirmedTime, becomes the
// column.
func inColumns(message string) string {
	field, rest, found := strings.Cut(message, ": ")
	if !found {
		return message
	}
	column := ""
	switch field {
	case "channel", "allMarketing":
		column = colChannels
	case "untilTime":
		column = colUntil
	default:
		for _, r := range strings.TrimPrefix(field, "evidence.") {
			if unicode.IsUpper(r) {
				column += "_"
			}
			column += string(unicode.ToLower(r))
		}
	}
	if !slices.Contains(importColumns(), column) {
		return message
	}
	return column + ": " + rest
}

// publish puts the file in its place, if anything was rejected.
func (r *rejectedRows) publish() error {
	if r.file == nil {
		return nil
	}
	if err := r.file.finish(); err != nil {
		return errors.Join(err, r.file.discard())
	}
	return errors.Join(r.file.publish(), r.file.discard())
}

// removeStale removes the file that an earlier import left, which is wrong when
// a later one rejects nothing.
func (r *rejectedRows) removeStale() error {
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
	if !info.Mode().IsRegular() || strings.TrimRight(line, "\r\n") != rejectedHeader {
		// Somebody else's.
		return nil
	}
	return os.Remove(r.path)
}
