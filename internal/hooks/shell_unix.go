//go:build unix

package hooks

import (
	"context"
	"os/exec"
	"syscall"
)

// shellCommand returns a command line for the shell. When ctx ends, it is killed with
// all processes that it has started.
func shellCommand(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line) //nolint:gosec // the user's own
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
