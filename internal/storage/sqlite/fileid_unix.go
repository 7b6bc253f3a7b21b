//go:build unix

package sqlite

import (
	"errors"
	"io/fs"
	"syscall"
)

// fileID tells two files apart, whatever their names. It is looked up four times for each write, which is why it is no [fs.FileInfo].
type fileID struct{ device, inode uint64 }

// fileNamed returns the file that a path names.
func fileNamed(path string) (fileID, error) {
	for {
		var stat syscall.Stat_t
		err := syscall.Stat(path, &stat)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return fileID{}, &fs.PathError{Op: "stat", Path: path, Err: err}
		}
		return fileID{uint64(stat.Dev), stat.Ino}, nil //nolint:unconvert // The device is narrower on other systems.
	}
}

func (f fileID) is(other fileID) bool { return f == other }

// links returns how many names the file has.
func links(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink) //nolint:unconvert // It is narrower on other systems.
	}
	return 1
}
