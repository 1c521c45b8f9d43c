package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Result is how a program that ran to its end ended.
type Result struct {
	Code   int // exit code, -1 if a signal ended it
	Stdout string
	Stderr string
}

// Run runs a program to its end, which ctx may bring about. That it ends with
// another code than zero is no error.
func Run(ctx context.Context, path string, args ...string) (Result, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = pipeGrace
	err := cmd.Run()
	r := Result{Stdout: stdout.String(), Stderr: stderr.String()}
	if cmd.ProcessState != nil {
		r.Code = cmd.ProcessState.ExitCode()
	}
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		return r, fmt.Errorf("run %s: %w", filepath.Base(path), err)
	}
	return r, nil
}
