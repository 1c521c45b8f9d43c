//go:build !linux

package store

import "os"

// willNeed does nothing where there is no portable way to do it.
func willNeed(*os.File, int64, int64) {}
