package daemon

import (
	"context"

	"github.com/spvd/spvd/e2e/proc"
)

// Control runs spvctl against the daemon.
func (d *Daemon) Control(ctx context.Context, args ...string) (proc.Result, error) {
	return proc.Run(ctx, d.programs.Control, append(d.controlArgs(), args...)...)
}

// controlArgs returns the arguments with which spvctl finds the daemon.
func (d *Daemon) controlArgs() []string {
	return []string{"--" + network, "--appdata=" + d.dir, "--rpcserver=" + d.rpc}
}
