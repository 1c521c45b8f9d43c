//go:build !(darwin || freebsd || linux)

package main

// freeBytes returns -1: the free space is unknown.
func freeBytes(string) int64 { return -1 }
