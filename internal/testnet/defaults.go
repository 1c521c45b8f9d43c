package testnet

import (
	"os"
	"path/filepath"
	"time"
)

// DefaultStart returns when block one was found of the chains that programs generate:
// with the same seed and length, these share a cache.
func DefaultStart() time.Time { return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) }

// DefaultCacheDir returns where programs keep generated chains unless the user says
// otherwise: nowhere, if there is no place for such things.
func DefaultCacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "spvd-fakenet")
}
