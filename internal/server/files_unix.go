//go:build unix

package server

import "syscall"

// openFiles returns how many files the process may have open; 0: that is not known.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur) //nolint:unconvert // It is signed on some systems.
}
