//go:build unix

package testenv

import (
	"syscall"
	"testing"
)

// LimitFiles lets no file of this process grow beyond a size in bytes until the returned function is
// called: writes fail as they do on a full disk. The caller ignores SIGXFSZ meanwhile, which would
// end the process.
func LimitFiles(t testing.TB, size int64) (lift func()) {
	t.Helper()
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	set(&limit.Cur, size)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
}

// set sets a limit, whose type hangs on the system.
func set[T int64 | uint64](limit *T, size int64) { *limit = T(size) }
