package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// outputKept is how many of the last bytes a process wrote are kept.
const outputKept = 64 << 10

// pipeGrace is how long output is still awaited after a process has ended, for
// the case that something it started keeps the pipe open.
const pipeGrace = 2 * time.Second

// Command says what to run.
type Command struct {
	Path  string
	Args  []string
	Dir   string     // working directory; empty: the starter's
	Env   []string   // variables added to the environment, less those that configure spvd
	Files []*os.File // descriptors 3, 4, … of the process

	// Stdout takes what the process writes to standard output, which is then not
	// kept. Nil means that it is kept.
	Stdout *os.File
}

// Process is a program that was started. Its methods may be called from any
// goroutine.
type Process struct {
	name   string
	cmd    *exec.Cmd
	output *tail
	done   chan struct{} // closed once the process has been waited for
	wg     sync.WaitGroup
}

// Start runs the command. The process lives until it ends by itself, or Stop or
// Kill ends it; one of the two must be called in any case.
func Start(c Command) (*Process, error) {
	p := &Process{
		name:   filepath.Base(c.Path),
		cmd:    exec.Command(c.Path, c.Args...),
		output: newTail(outputKept),
		done:   make(chan struct{}),
	}
	p.cmd.Dir = c.Dir
	p.cmd.Env = append(surroundings(), c.Env...)
	p.cmd.ExtraFiles = c.Files
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if c.Stdout != nil {
		p.cmd.Stdout = c.Stdout
	}
	p.cmd.SysProcAttr = attributes()
	p.cmd.WaitDelay = pipeGrace

	started := make(chan error, 1)
	p.wg.Go(func() { p.run(started) })
	if err := <-started; err != nil {
		p.wg.Wait()
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	return p, nil
}

// surroundings returns the environment without what would configure the programs:
// variables of spvd, and those of a service manager.
func surroundings() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return slices.ContainsFunc([]string{"SPVD_", "NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_"}, func(prefix string) bool {
			return strings.HasPrefix(v, prefix)
		})
	})
}

// run is the goroutine whose thread the process is bound to.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err == nil {
		_ = p.cmd.Wait() // how it ended is read from the process state
	}
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed once the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode returns what the process ended with, -1 if a signal ended it. It
// waits for the end.
func (p *Process) ExitCode() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// Output returns the last 64 KiB of what the process wrote.
func (p *Process) Output() string { return p.output.String() }

// Terminate asks the process to end and does not wait.
func (p *Process) Terminate() error { return p.signal(syscall.SIGTERM) }

// Stop asks the process to end and waits for it. If ctx ends first, the process
// is killed and the error says so.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.Terminate(); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("stop %s: %w", p.name, ctx.Err()), p.Kill())
	}
}

// Kill ends the process and all it has started at once, and waits for it.
func (p *Process) Kill() error {
	err := p.signal(syscall.SIGKILL)
	<-p.done
	return err
}

// signal sends a signal to the process group. That the process has ended
// already is no error.
func (p *Process) signal(sig syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	err := syscall.Kill(-p.PID(), sig)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}
