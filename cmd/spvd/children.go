package main

import (
	"os/exec"
	"sync"
)

// children runs the commands of the user. As process 1, of a container for example, the daemon is
// the parent of every process that has lost its own, and these have to be reaped when they end.
type children struct {
	mu    sync.Mutex // held while a process is started or reaped
	first bool       // this is process 1

	// own are the processes that were started here and are being waited for.
	own map[int]bool
}

// run runs a command as its method Run does.
func (c *children) run(cmd *exec.Cmd) error {
	if err := c.start(cmd); err != nil {
		return err
	}
	err := cmd.Wait()
	c.ended(cmd.Process.Pid)
	return err
}

// start starts a command, which no one else reaps from then on.
func (c *children) start(cmd *exec.Cmd) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := cmd.Start()
	if err == nil {
		c.own[cmd.Process.Pid] = true
	}
	return err
}

// ended notes that a command was waited for. Another process may have got its number since.
func (c *children) ended(pid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.own, pid)
	if c.first {
		c.reapLocked()
	}
}
