//go:build !windows

package main

import (
	"os"
	"syscall"
)

// owned reports whether a file belongs to the user that runs the daemon.
func owned(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(stat.Uid) == os.Geteuid()
}
