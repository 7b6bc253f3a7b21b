// Package atomicfile writes files that appear under their names only when they are complete: until then a file is a temporary one in
// the same folder. What breaks off leaves the place as it was, and a caller that discards leaves no temporary file behind.
//
// It exists beside github.com/google/renameio because callers here need what that does not have: to finish several files before the
// first of them is put in its place, to give a finished file an owner, and never to replace a file.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// File is a file that is not in its place yet.
type File struct {
	path string
	// name is that of the temporary file; empty once it is gone.
	name string
	file *os.File // nil once it is finished
}

// Create starts a file for a path. Its temporary file has the name of the pattern, where * is replaced at random, and the mode, less
// what the process masks.
func Create(path, pattern string, mode fs.FileMode) (*File, error) {
	for {
		name := filepath.Join(filepath.Dir(path), strings.Replace(pattern, "*", rand.Text(), 1))
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if failed, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, &fs.PathError{Op: failed.Op, Path: path, Err: failed.Err} // The other name says nothing to the caller.
		}
		if err != nil {
			return nil, err
		}
		return &File{path: path, name: name, file: file}, nil
	}
}

// Name is the name of the temporary file.
func (f *File) Name() string { return f.name }

// Write writes to the temporary file.
func (f *File) Write(p []byte) (int, error) { return f.file.Write(p) }

// Chmod sets the mode that the file will have.
func (f *File) Chmod(mode fs.FileMode) error { return f.file.Chmod(mode) }

// Finish makes the contents durable. The file is complete then, but not in its place.
func (f *File) Finish() error {
	err := f.file.Sync()
	return errors.Join(err, f.Close())
}

// Close closes the temporary file; after Finish it does nothing.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// Replace puts the finished file in its place, and removes what was there.
func (f *File) Replace() error {
	if err := os.Rename(f.name, f.path); err != nil {
		return err
	}
	f.name = ""
	return nil
}

// Place puts the finished file in its place. Where there is a file already it returns an error that is fs.ErrExist, and replaces nothing.
func (f *File) Place() error {
	err := os.Link(f.name, f.path) // Unlike a renaming it replaces nothing.
	switch {
	case err == nil:
		return f.Discard()
	case errors.Is(err, fs.ErrExist):
		return &fs.PathError{Op: "open", Path: f.path, Err: syscall.EEXIST}
	default:
		return f.reserve()
	}
}

// reserve is Place for a file system without links: it takes the name by an empty file, which it then replaces.
func (f *File) reserve() error {
	empty, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(empty.Close(), f.Replace()); err != nil {
		return errors.Join(err, os.Remove(f.path))
	}
	return nil
}

// Discard closes and removes the temporary file, if there is one still. It may be called at any time.
func (f *File) Discard() error {
	err := f.Close()
	if f.name != "" {
		err = errors.Join(err, os.Remove(f.name))
		f.name = ""
	}
	return err
}

// Write starts a file with the data and finishes it.
func Write(path, pattern string, data []byte, mode fs.FileMode) (*File, error) {
	f, err := Create(path, pattern, mode)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Finish()
	}
	if err != nil {
		return nil, errors.Join(err, f.Discard())
	}
	return f, nil
}

// WriteNew writes a file that must not exist yet, whole or not at all. Where it exists the error is fs.ErrExist.
func WriteNew(path, pattern string, data []byte, mode fs.FileMode) error {
	f, err := Write(path, pattern, data, mode)
	if err != nil {
		return err
	}
	return errors.Join(f.Place(), f.Discard())
}

// SyncFolder makes the names in the folder of a file durable.
func SyncFolder(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
