//go:build unix

package seal

import (
	"os"
	"syscall"
)

// keepOwner gives a new file the owner of the old one: if root rotates keys, the server must still be able to read the
// file.
func keepOwner(old, made string) error {
	was, err := os.Stat(old)
	if err != nil {
		return err
	}
	is, err := os.Stat(made)
	if err != nil {
		return err
	}
	a, known := was.Sys().(*syscall.Stat_t)
	b, too := is.Sys().(*syscall.Stat_t)
	if !known || !too || (a.Uid == b.Uid && a.Gid == b.Gid) {
		return nil
	}
	return os.Chown(made, int(a.Uid), int(a.Gid))
}
