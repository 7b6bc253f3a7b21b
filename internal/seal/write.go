package seal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// writeNew writes a file that must not exist yet, whole or not at all, and makes it durable: with it everything that it sealed
// would be lost.
func writeNew(path string, data []byte) (err error) {
	name, err := writeBeside(path, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(name)) }()
	if err := os.Link(name, path); err != nil { // Unlike a renaming it replaces nothing.
		return err
	}
	return syncFolder(path)
}

// replace writes a file in place of the one that is there, whose owner it gets. Whenever it breaks off there is the one or the other,
// whole.
func replace(path string, data []byte) error {
	name, err := writeBeside(path, data)
	if err != nil {
		return err
	}
	if err := keepOwner(path, name); err != nil {
		return errors.Join(fmt.Errorf("give the new file the owner of the old one: %w", err), os.Remove(name))
	}
	if err := os.Rename(name, path); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return syncFolder(path)
}

// writeBeside writes a durable file of mode 0600 beside a path and returns its name.
func writeBeside(path string, data []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// syncFolder makes the names in the folder of a file durable.
func syncFolder(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// lockFolder waits until nobody else changes key files in the folder, and keeps others from it until unlock is called.
func lockFolder(dir string) (unlock func() error, err error) {
	guard := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	if err := guard.Lock(); err != nil {
		return nil, fmt.Errorf("lock its folder: %w", err)
	}
	return guard.Unlock, nil
}
