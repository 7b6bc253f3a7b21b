//go:build unix

package sqlite

import (
	"io/fs"
	"syscall"
)

// links returns how many names the file has.
func links(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink) //nolint:unconvert // It is narrower on other systems.
	}
	return 1
}
