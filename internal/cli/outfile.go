package cli

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// outFile is a CSV file that appears under its name only when it is complete:
// until then it is a temporary file beside it. Only the owner may read a new
// one, for it holds addresses; one that is replaced keeps its permissions.
type outFile struct {
	path string
	// temporary is empty where the rows go straight to the target: standard
	// output, a pipe or a device.
	temporary string
	file      io.WriteCloser
	buffer    *bufio.Writer
	packer    *gzip.Writer
	// to is where bytes are written that are no rows.
	to   io.Writer
	rows *csv.Writer
}

// create starts a CSV file, packed where the name ends in .gz; - is standard
// output.
func (a *app) create(path string) (*outFile, error) {
	o := &outFile{path: path}
	if path == stdinName {
		o.path, o.file = "standard output", keepOpen{a.stdout}
	} else if err := o.openTarget(); err != nil {
		return nil, err
	}
	o.buffer = bufio.NewWriterSize(o.file, 64<<10)
	var to io.Writer = o.buffer
	if strings.HasSuffix(path, ".gz") {
		o.packer = gzip.NewWriter(o.buffer)
		to = o.packer
	}
	o.to, o.rows = to, csv.NewWriter(to)
	return o, nil
}

// errReaderGone is the error of a write to standard output that nothing reads
// any more.
var errReaderGone = errors.New("its reader has gone away")

// keepOpen is standard output, which is not closed here.
type keepOpen struct{ to io.Writer }

func (w keepOpen) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		err = errReaderGone
	}
	return n, err
}

func (keepOpen) Close() error { return nil }

func (o *outFile) openTarget() error {
	mode := os.FileMode(0o600)
	info, err := os.Stat(o.path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a directory", o.path)
	case err == nil && !info.Mode().IsRegular():
		o.file, err = os.OpenFile(o.path, os.O_WRONLY, 0)
		return err
	case err == nil:
		mode = info.Mode().Perm()
		// A link goes on to point to the file, which is replaced.
		if o.path, err = filepath.EvalSymlinks(o.path); err != nil {
			return err
		}
	}
	file, err := os.CreateTemp(filepath.Dir(o.path), "."+filepath.Base(o.path)+".*.tmp")
	if err != nil {
		return err
	}
	o.file, o.temporary = file, file.Name()
	if err := file.Chmod(mode); err != nil {
		return errors.Join(err, o.discard())
	}
	return nil
}

// write adds a row.
func (o *outFile) write(row []string) error {
	if err := o.rows.Write(row); err != nil {
		return o.wrap(err)
	}
	return nil
}

// finish writes out what is left; the file is complete, but not yet in place.
func (o *outFile) finish() error {
	o.rows.Flush()
	err := o.rows.Error()
	if o.packer != nil {
		err = errors.Join(err, o.packer.Close())
	}
	err = errors.Join(err, o.buffer.Flush())
	if file, ok := o.file.(*os.File); ok && o.temporary != "" && err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, o.file.Close()); err != nil {
		return o.wrap(err)
	}
	o.file = nil
	return nil
}

// publish puts a finished file in its place.
func (o *outFile) publish() error {
	if o.temporary == "" {
		return nil
	}
	if err := os.Rename(o.temporary, o.path); err != nil {
		return o.wrap(err)
	}
	o.temporary = ""
	return nil
}

// discard removes a file that was not published. It may be called after
// publish, and then does nothing.
func (o *outFile) discard() error {
	var err error
	if o.file != nil {
		err = o.file.Close()
		o.file = nil
	}
	if o.temporary != "" {
		err = errors.Join(err, os.Remove(o.temporary))
		o.temporary = ""
	}
	return err
}

func (o *outFile) wrap(err error) error {
	return fmt.Errorf("%s cannot be written: %w", o.path, err)
}
