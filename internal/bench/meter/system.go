package meter

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// processorTime returns what the process has used so far, in the program and in
// the system.
func processorTime() [2]time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return [2]time.Duration{}
	}
	return [2]time.Duration{time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())}
}

// CPU returns the processor time that the process has used so far.
func CPU() time.Duration {
	t := processorTime()
	return t[0] + t[1]
}

// tick is the unit of times in /proc/PID/stat, for all programs on Linux.
const tick = 10 * time.Millisecond

// CPUOf returns the processor time that a process has used so far, zero if that is not known.
func CPUOf(pid int) time.Duration {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	// The name, in parentheses, may hold anything. User and system time are fields 14 and 15.
	words := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(words) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(string(words[11]), 10, 64) // zero if it is no number
	system, _ := strconv.ParseInt(string(words[12]), 10, 64)
	return time.Duration(user+system) * tick
}

// anonymous returns the resident memory that no file is behind, in bytes.
func anonymous() uint64 { return field("/proc/self/status", "RssAnon:") << 10 }

// written returns the bytes that the process has sent to the disk.
func written() uint64 { return field("/proc/self/io", "write_bytes:") }

// field returns the number behind a name in a file of /proc, zero if there is
// none.
func field(file, name string) uint64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte(name))
	words := bytes.Fields(rest)
	if len(words) == 0 {
		return 0
	}
	n, err := strconv.ParseUint(string(words[0]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
