// Package keyfile takes up the key file of a server that runs when it changes.
package keyfile

import (
	"context"
	"io/fs"
	"log/slog"
	"os"

	"github.com/assent-io/assent/internal/atomicfile"
	"github.com/assent-io/assent/internal/seal"
)

// File is the key file of a server that runs. It is looked at again and again, and taken up when it has changed. One that is not right
// is logged once and leaves the old keys in use.
type File struct {
	path string
	take func(*seal.Keys) (bool, error)
	log  *slog.Logger

	file  fs.FileInfo // of the keys in use; nil: it could not be looked at
	wrong string      // with the file since; empty: nothing
}

// New returns the key file at a path. Take takes up its keys, and reports whether anything in them is new.
func New(path string, take func(*seal.Keys) (bool, error), log *slog.Logger) *File {
	return &File{path: path, take: take, log: log}
}

// Update looks once. The first look takes the file up in any case: it may have changed since the start read it. A file that is gone is
// no change: the keys in use are all that is left of it.
func (k *File) Update(ctx context.Context) error {
	file, err := os.Stat(k.path)
	if err != nil {
		return k.complain(ctx, err)
	}
	if k.file != nil && atomicfile.Unchanged(file, k.file) {
		k.wrong = ""
		return nil
	}
	keys, err := seal.Open(k.path)
	if err != nil {
		return k.complain(ctx, err)
	}
	news, err := k.take(keys)
	if err != nil {
		return k.complain(ctx, err)
	}
	k.file, k.wrong = file, ""
	if news {
		k.log.LogAttrs(ctx, slog.LevelInfo, "took up the changed key file", slog.String("file", k.path))
	}
	return nil
}

// complain logs what is wrong with the file, once for each thing that is, and returns it.
func (k *File) complain(ctx context.Context, err error) error {
	if k.wrong == err.Error() {
		return err
	}
	k.wrong = err.Error()
	k.log.LogAttrs(ctx, slog.LevelError, "the changed key file is not valid; the old keys stay in use",
		slog.String("file", k.path), slog.String("error", err.Error()))
	return err
}
