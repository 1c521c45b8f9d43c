//go:build darwin || freebsd || linux

package main

import "syscall"

// freeBytes returns the space that is free for this user where a directory is,
// -1 if it is unknown.
func freeBytes(dir string) int64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return -1
	}
	return int64(fs.Bavail) * int64(fs.Bsize) //nolint:unconvert // the types differ between systems
}
