package seal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"github.com/assent-io/assent/internal/atomicfile"
)

// writeNew writes a file that must not exist yet, whole or not at all, and makes it durable: with it everything that it sealed
// would be lost.
func writeNew(path string, data []byte) error {
	if err := atomicfile.WriteNew(path, temporary(path), data, 0o600); err != nil {
		return err
	}
	return atomicfile.SyncFolder(path)
}

// replace writes a file in place of the existing one, and gives it the same owner. Whenever it breaks off there is the one or the other,
// whole.
func replace(path string, data []byte) (err error) {
	f, err := atomicfile.Write(path, temporary(path), data, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Discard()) }()
	if err := keepOwner(path, f.Name()); err != nil {
		return fmt.Errorf("give the new file the owner of the old one: %w", err)
	}
	if err := f.Replace(); err != nil {
		return err
	}
	return atomicfile.SyncFolder(path)
}

// temporary is the pattern of names that a file has before it is complete.
func temporary(path string) string { return filepath.Base(path) + ".*.new" }

// lockFolder waits until no other process changes key files in the folder, and keeps others from it until unlock is
// called.
func lockFolder(dir string) (unlock func() error, err error) {
	guard := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	if err := guard.Lock(); err != nil {
		return nil, fmt.Errorf("lock its folder: %w", err)
	}
	return guard.Unlock, nil
}
