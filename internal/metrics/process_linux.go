package metrics

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"
)

// ReadProcess returns what the system knows of this process, nil if it does not say.
func ReadProcess() *Process {
	var p Process
	var pages struct{ virtual, resident uint64 }
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return nil
	}
	if _, err := fmt.Fscan(bytes.NewReader(statm), &pages.virtual, &pages.resident); err != nil {
		return nil
	}
	size := uint64(os.Getpagesize())
	p.VirtualBytes, p.ResidentBytes = pages.virtual*size, pages.resident*size
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	p.OpenFiles = len(files) - 1 // one is the directory
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return nil
	}
	p.CPUSeconds = time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
	var most syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &most); err == nil && most.Cur < 1<<62 {
		p.MostFiles = most.Cur
	}
	return &p
}
