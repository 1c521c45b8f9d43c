package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// willNeed has the system read a part of the file, and does not wait for it.
// What it does not do costs time only.
func willNeed(file *os.File, from, n int64) {
	_ = unix.Fadvise(int(file.Fd()), from, n, unix.FADV_WILLNEED)
}
