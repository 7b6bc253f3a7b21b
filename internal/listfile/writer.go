package listfile

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

	"github.com/assent-io/assent/internal/atomicfile"
)

// Writer is a CSV file that appears under its name only when it is complete:
// until then it is a temporary file beside it. Only the owner may read a new
// one, for it holds addresses; one that is replaced keeps its permissions.
type Writer struct {
	path string
	// placed is nil where the rows go straight to the target: standard output, a pipe or a device.
	placed *atomicfile.File
	file   io.WriteCloser
	buffer *bufio.Writer
	packer *gzip.Writer
	to     io.Writer
	rows   *csv.Writer
}

// Create starts a CSV file, packed where the name ends in .gz; Standard is standard output.
func (s *Streams) Create(path string) (*Writer, error) {
	if path != Standard {
		return createFile(path)
	}
	w := &Writer{path: "standard output", file: keepOpen{s.Out}}
	w.begin(false)
	return w, nil
}

// createFile starts a CSV file, packed where the name ends in .gz.
func createFile(path string) (*Writer, error) {
	w := &Writer{path: path}
	if err := w.openTarget(); err != nil {
		return nil, err
	}
	w.begin(strings.HasSuffix(path, ".gz"))
	return w, nil
}

// begin makes what writes to the file that was opened.
func (w *Writer) begin(packed bool) {
	w.buffer = bufio.NewWriterSize(w.file, 64<<10)
	w.to = w.buffer
	if packed {
		w.packer = gzip.NewWriter(w.buffer)
		w.to = w.packer
	}
	w.rows = csv.NewWriter(w.to)
}

// keepOpen is standard output, which is not closed here.
type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }

func (w *Writer) openTarget() error {
	mode := os.FileMode(0o600)
	info, err := os.Stat(w.path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a directory", w.path)
	case err == nil && !info.Mode().IsRegular():
		w.file, err = os.OpenFile(w.path, os.O_WRONLY, 0)
		return err
	case err == nil:
		mode = info.Mode().Perm()
		// A link goes on to point to the file, which is replaced.
		if w.path, err = filepath.EvalSymlinks(w.path); err != nil {
			return err
		}
	}
	if w.placed, err = atomicfile.Create(w.path, "."+filepath.Base(w.path)+".*.tmp", 0o600); err != nil {
		return err
	}
	w.file = w.placed
	if err := w.placed.Chmod(mode); err != nil {
		return errors.Join(err, w.Discard())
	}
	return nil
}

// WriteRow adds a row.
func (w *Writer) WriteRow(row []string) error {
	if err := w.rows.Write(row); err != nil {
		return w.Failed(err)
	}
	return nil
}

// Finish writes out what is left; the file is complete, but not yet in place.
func (w *Writer) Finish() error {
	w.rows.Flush()
	err := w.rows.Error()
	if w.packer != nil {
		err = errors.Join(err, w.packer.Close())
	}
	err = errors.Join(err, w.buffer.Flush())
	if w.placed != nil && err == nil {
		err = w.placed.Finish()
	}
	if err = errors.Join(err, w.close()); err != nil {
		return w.Failed(err)
	}
	return nil
}

// close closes what was opened, once.
func (w *Writer) close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}

// Publish puts a finished file in its place.
func (w *Writer) Publish() error {
	if w.placed == nil {
		return nil
	}
	if err := w.placed.Replace(); err != nil {
		return w.Failed(err)
	}
	return nil
}

// Discard removes a file that was not published. It may be called after
// Publish, and then does nothing.
func (w *Writer) Discard() error {
	err := w.close()
	if w.placed != nil {
		err = errors.Join(err, w.placed.Discard())
	}
	return err
}

// Bytes returns the writer for bytes that are not rows.
func (w *Writer) Bytes() io.Writer { return w.to }

// Failed says of an error that it kept the file from being written.
func (w *Writer) Failed(err error) error {
	return fmt.Errorf("%s cannot be written: %w", w.path, err)
}
