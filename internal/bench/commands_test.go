package bench_test

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestCommands runs each command that measures first syncs on the smallest chain that it takes, and
// looks for the row that it measures: nothing else runs them between two measurements.
func TestCommands(t *testing.T) {
	programs, cache := t.TempDir(), t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", programs+string(filepath.Separator), "./cmd/...")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, test := range []struct {
		command string
		row     string // how the row begins
	}{
		{"syncbench -turns 1 -blocks 2000 -run \\|_0_ms", "| 2000 | 8 | 0 ms | yes |"},
		{"importbench -turns 1 -blocks 17000", "| 16384 |"},
		{"scanbench -turns 1 -blocks 1000 -scripts 100 -network=", "| 1000 | 100 |"},
		{"servebench -turns 1 -blocks 2000", "| 2000 |"},
		{"floodbench -turns 1 -blocks 2000", "| 2000 |"},
	} {
		args := strings.Fields(test.command)
		t.Run(args[0], func(t *testing.T) {
			if args[0] == "floodbench" && runtime.GOOS != "linux" {
				t.Skip("it needs the many loopback addresses of Linux")
			}
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "_", " ")
			}
			cmd := exec.CommandContext(t.Context(), filepath.Join(programs, args[0]), append(args[1:], "-cache", cache, "-dir", t.TempDir())...)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "\n"+test.row) {
				t.Errorf("%s: %v\n%s", test.command, err, out)
			}
		})
	}
}
