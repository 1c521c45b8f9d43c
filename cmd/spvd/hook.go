package main

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/systemd"
)

const (
	// hookTime is how long a command of the user may run.
	hookTime = 10 * time.Minute

	// hookWait is how long processes that a command leaves running may keep its output open.
	hookWait = time.Second

	// hookOutput is how many bytes of a command's output are kept for the log.
	hookOutput = 2000
)

// hookFlag is a command of the user for the system's shell.
type hookFlag string

// UnmarshalFlag implements flags.Unmarshaler.
func (h *hookFlag) UnmarshalFlag(value string) error {
	if strings.TrimSpace(value) == "" {
		return refused("the command is empty")
	}
	*h = hookFlag(value)
	return nil
}

// hook runs a command of the user for each event, one run at a time.
type hook struct {
	option  string // the option that sets it, for the log
	command string // with %s in the place of a hash
	environ []string
	log     *slog.Logger

	children *children // runs it
}

// newHook returns the hook of an option. The command gets the environment of the daemon,
// except for the daemon's own variables: its settings, among which are passwords, and its
// service manager.
func newHook(option string, command hookFlag, environ []string, runs *children, log *slog.Logger) *hook {
	environ = slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		return strings.HasPrefix(variable, envPrefix) || systemd.Own(variable)
	})
	return &hook{option: option, command: string(command), environ: environ, log: log, children: runs}
}

// run runs the command for a hash, of which only the hexadecimal digits are inserted, and
// returns when it has ended. When ctx ends, the command is killed with all processes it has
// started. A failure is only logged.
func (h *hook) run(ctx context.Context, hash chainhash.Hash) {
	within, cancel := context.WithTimeout(ctx, hookTime)
	defer cancel()
	cmd := shellCommand(within, strings.ReplaceAll(h.command, "%s", hash.String()))
	var printed head
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = h.environ, &printed, &printed, hookWait
	began := time.Now()
	err := h.children.run(cmd)
	switch took := time.Since(began).Round(time.Millisecond); {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		h.log.Debug("Command run", "option", h.option, "hash", hash, "took", took, "output", printed)
	case ctx.Err() != nil:
		h.log.Info("Command killed because spvd stops", "option", h.option, "hash", hash, "took", took)
	default:
		h.log.Warn("Command failed", "option", h.option, "hash", hash, "took", took, "err", err, "output", printed)
	}
}

// head keeps the beginning of the bytes written to it.
type head string

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	*h += head(p[:min(len(p), hookOutput-len(*h))])
	return len(p), nil
}
