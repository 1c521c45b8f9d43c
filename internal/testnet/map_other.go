//go:build !unix

package testnet

import "os"

// mapFile reads a whole file: this system has no mapping.
func mapFile(path string) ([]byte, error) { return os.ReadFile(path) }

// unmap releases what mapFile returned.
func unmap([]byte) error { return nil }
