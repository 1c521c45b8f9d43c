//go:build darwin || freebsd || linux

package main

import "syscall"

// freeBytes returns how many bytes this user can still write to a directory, -1 if that is
// unknown.
func freeBytes(dir string) int64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return -1
	}
	return int64(fs.Bavail) * int64(fs.Bsize) //nolint:unconvert // the types differ between systems
}
