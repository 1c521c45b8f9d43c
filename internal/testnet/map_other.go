//go:build !unix

package testnet

import "os"

// mapFile reads a whole file: there is no mapping here.
func mapFile(path string) ([]byte, error) { return os.ReadFile(path) }

// unmap gives back what mapFile returned.
func unmap([]byte) error { return nil }
