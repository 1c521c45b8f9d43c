package testnet

import (
	"os"
	"path/filepath"
	"time"
)

// DefaultStart returns the time of block one in the chains that programs generate: chains
// with the same seed and length share a cache.
func DefaultStart() time.Time { return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) }

// DefaultCacheDir returns where programs keep generated chains unless the user chooses
// another directory; empty if the system has no cache directory.
func DefaultCacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "spvd-fakenet")
}
