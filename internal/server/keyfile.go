package server

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/assent-io/assent/internal/seal"
)

// keyFile is the key file of a server that runs. It is looked at again and again, and taken up when it has changed. One that is not right
// is logged once and leaves the old keys in use.
type keyFile struct {
	path string
	take func(*seal.Keys) (bool, error)
	log  *slog.Logger

	file  fs.FileInfo // of the keys in use; nil: it could not be looked at
	wrong string      // with the file since; empty: nothing
}

// watch looks at the file until the context ends.
func (k *keyFile) watch(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		k.update(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// update looks once. The first look takes the file up in any case: it may have changed since the start read it. A file that is gone is
// no change: the keys in use are all that is left of it.
func (k *keyFile) update(ctx context.Context) {
	file, err := os.Stat(k.path)
	if err != nil {
		k.complain(ctx, err)
		return
	}
	if k.file != nil && sameFile(file, k.file) {
		k.wrong = ""
		return
	}
	keys, err := seal.Open(k.path)
	if err != nil {
		k.complain(ctx, err)
		return
	}
	news, err := k.take(keys)
	if err != nil {
		k.complain(ctx, err)
		return
	}
	k.file, k.wrong = file, ""
	if news {
		k.log.LogAttrs(ctx, slog.LevelInfo, "took up the changed key file", slog.String("file", k.path))
	}
}

// complain logs what is wrong with the file, once for each thing that is.
func (k *keyFile) complain(ctx context.Context, err error) {
	if k.wrong == err.Error() {
		return
	}
	k.wrong = err.Error()
	k.log.LogAttrs(ctx, slog.LevelError, "the key file changed and is not right; the old keys stay in use",
		slog.String("file", k.path), slog.String("error", err.Error()))
}
