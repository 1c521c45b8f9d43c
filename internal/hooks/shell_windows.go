package hooks

import (
	"context"
	"os/exec"
	"syscall"
)

// shellCommand returns a command line for the shell. When ctx ends, the shell is
// killed.
func shellCommand(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	// The shell parses its line itself, not by the rules of other programs.
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /S /C "` + line + `"`}
	return cmd
}
