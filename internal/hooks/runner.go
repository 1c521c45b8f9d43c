package hooks

import (
	"os"
	"os/exec"
	"sync"
)

// Runner starts the commands of the user and waits for them. As process 1, of a container for
// example, this process is the parent of every process that has lost its own, and these have to be
// reaped when they end.
type Runner struct {
	first bool // this is process 1

	mu sync.Mutex // held while a process is started or reaped

	// own are the processes that were started here and are being waited for.
	own map[int]bool
}

// NewRunner returns a Runner that has started no command.
func NewRunner() *Runner {
	return &Runner{first: canReap && os.Getpid() == 1, own: make(map[int]bool)}
}

// Reaps reports whether this is process 1, for which Reap is to be called.
func (r *Runner) Reaps() bool { return r.first }

// run runs a command as its method Run does.
func (r *Runner) run(cmd *exec.Cmd) error {
	if err := r.start(cmd); err != nil {
		return err
	}
	err := cmd.Wait()
	r.ended(cmd.Process.Pid)
	return err
}

// start starts a command, which no one else reaps from then on.
func (r *Runner) start(cmd *exec.Cmd) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := cmd.Start()
	if err == nil {
		r.own[cmd.Process.Pid] = true
	}
	return err
}

// ended records that a command was waited for. Another process may have got its number since.
func (r *Runner) ended(pid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.own, pid)
	if r.first {
		r.reapLocked()
	}
}
