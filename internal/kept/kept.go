// Package kept is the directory in which the officer keeps what must outlive the database: the checkpoints of the ledger, a file
// each, and the erasures, in one file that is only ever appended to. Nothing in it is replaced or deleted, so the directory may
// forbid both, and several servers of one database may share it.
package kept

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Dir is such a directory. It is safe for concurrent use. Close ends it.
type Dir struct {
	path string

	mu       sync.Mutex // orders the appends of this process
	erasures *os.File
}

// Open opens a directory, which must exist: one that is made here by mistake, where a disk is not mounted, keeps nothing. It must
// be writable.
func Open(path string) (*Dir, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open the checkpoint directory: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("open the checkpoint directory: %s is not a directory", path)
	}
	d := &Dir{path: path}
	d.erasures, err = os.OpenFile(d.file(erasuresName), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the checkpoint directory: %w", err)
	}
	if err := d.sync(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the checkpoint directory: %w", err), d.erasures.Close())
	}
	return d, nil
}

// Close closes the directory.
func (d *Dir) Close() error {
	if err := d.erasures.Close(); err != nil {
		return fmt.Errorf("close the checkpoint directory: %w", err)
	}
	return nil
}

func (d *Dir) file(name string) string { return filepath.Join(d.path, name) }

// sync makes the names in the directory durable.
func (d *Dir) sync() error {
	folder, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// read returns what a file has, at most limit bytes of it.
func (d *Dir) read(name string, limit int64) (_ []byte, info fs.FileInfo, err error) {
	file, err := os.Open(d.file(name))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if info, err = file.Stat(); err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, limit))
	return text, info, err
}

// appendTo writes the bytes to the end of a file in one piece, and makes them durable.
func appendTo(file *os.File, b []byte) error {
	if _, err := file.Write(b); err != nil {
		return err
	}
	return file.Sync()
}
