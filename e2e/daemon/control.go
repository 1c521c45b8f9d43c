package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spvd/spvd/e2e/proc"
)

// Control runs spvctl against the daemon.
func (d *Daemon) Control(ctx context.Context, args ...string) (proc.Result, error) {
	return proc.Run(ctx, d.programs.Control, append(d.controlArgs(), args...)...)
}

// Watch runs spvctl status --watch, which writes to out until the daemon is
// synced. It fails if spvctl does.
func (d *Daemon) Watch(ctx context.Context, out *os.File) error {
	p, err := proc.Start(proc.Command{
		Path:   d.programs.Control,
		Args:   append(d.controlArgs(), "status", "--watch"),
		Stdout: out,
	})
	if err != nil {
		return err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("watch the sync: %w", ctx.Err()), p.Kill())
	}
	if code := p.ExitCode(); code != 0 {
		return fmt.Errorf("watch the sync: spvctl ended with exit code %d: %s", code, strings.TrimSpace(p.Output()))
	}
	return nil
}

// controlArgs returns the arguments with which spvctl finds the daemon.
func (d *Daemon) controlArgs() []string {
	return []string{"--" + network, "--appdata=" + d.dir, "--rpcserver=" + d.rpc}
}
