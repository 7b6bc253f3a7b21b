//go:build !unix

package sqlite

import (
	"io/fs"
	"os"
)

// fileID tells two files apart, whatever their names.
type fileID struct{ info fs.FileInfo }

// fileNamed returns the file that a path names.
func fileNamed(path string) (fileID, error) {
	info, err := os.Stat(path)
	return fileID{info}, err
}

func (f fileID) is(other fileID) bool { return os.SameFile(f.info, other.info) }

// links returns 1: how many names a file has is not known here.
func links(fs.FileInfo) uint64 { return 1 }
