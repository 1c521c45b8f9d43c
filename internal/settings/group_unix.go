//go:build unix

package settings

import (
	"os"
	"syscall"
)

// groupOf returns the number of the group of a file.
func groupOf(info os.FileInfo) (number int, known bool) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Gid), true
	}
	return 0, false
}
