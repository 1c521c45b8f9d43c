//go:build unix

package parent

import (
	"os"
	"strconv"
	"syscall"
)

// open returns an open file, of which commands inherit nothing, and that closing it ends a read.
func open(fd uintptr) (f *os.File, cut bool, err error) {
	var st syscall.Stat_t
	if err := syscall.Fstat(int(fd), &st); err != nil {
		return nil, false, err
	}
	syscall.CloseOnExec(int(fd))
	// What blocks is not polled, and what is not polled is not ended.
	if err := syscall.SetNonblock(int(fd), true); err != nil {
		return nil, false, err
	}
	return os.NewFile(fd, "pipe "+strconv.Itoa(int(fd))), st.Mode&syscall.S_IFMT == syscall.S_IFIFO, nil
}
