package hooks

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"strings"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

const (
	// hookTime is how long a command of the user may run.
	hookTime = 10 * time.Minute

	// hookWait is how long processes that a command leaves running may keep its output open.
	hookWait = time.Second

	// hookOutput is how many bytes of a command's output are kept for the log.
	hookOutput = 2000
)

// Hook is a command of the user that is run for each event, one run at a time.
type Hook struct {
	Option  string   // that sets the command, for the log
	Command string   // for the system's shell, with %s in the place of a hash
	Environ []string // of the command
	Runner  *Runner
	Log     *slog.Logger
}

// run runs the command for a hash, of which only the hexadecimal digits are inserted, and
// returns when it has ended. When ctx ends, the command is killed with all processes it has
// started. A failure is only logged.
func (h *Hook) run(ctx context.Context, hash chainhash.Hash) {
	within, cancel := context.WithTimeout(ctx, hookTime)
	defer cancel()
	cmd := shellCommand(within, strings.ReplaceAll(h.Command, "%s", hash.String()))
	var printed head
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = h.Environ, &printed, &printed, hookWait
	began := time.Now()
	err := h.Runner.run(cmd)
	switch took := time.Since(began).Round(time.Millisecond); {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		h.Log.Debug("Command run", "option", h.Option, "hash", hash, "took", took, "output", printed)
	case ctx.Err() != nil:
		h.Log.Info("Command killed because spvd stops", "option", h.Option, "hash", hash, "took", took)
	default:
		h.Log.Warn("Command failed", "option", h.Option, "hash", hash, "took", took, "err", err, "output", printed)
	}
}

// head keeps the beginning of the bytes written to it.
type head string

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	*h += head(p[:min(len(p), hookOutput-len(*h))])
	return len(p), nil
}
