package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/spvd/spvd/e2e/proc"
)

// startTime bounds how long a daemon may take until it answers.
const startTime = 20 * time.Second

// pollEvery is the pace at which a daemon is asked about what is waited for.
const pollEvery = 2 * time.Millisecond

// errPortTaken is why a daemon did not start that another port would serve.
var errPortTaken = errors.New("another program has the port")

// network is the network all daemons are on.
const network = "simnet"

// Config says how to run a daemon.
type Config struct {
	Programs Programs

	// Dir is the data directory.
	Dir string

	// Peers are the only nodes to connect to.
	Peers []string

	// Args are further arguments.
	Args []string
}

// Daemon is a running spvd.
type Daemon struct {
	programs Programs
	dir      string
	rpc      string // address of the RPC listener
	proc     *proc.Process
	client   *client
}

// Start runs a daemon and waits until it answers. ctx bounds the start only;
// the daemon runs until Stop or Kill, one of which must be called.
func Start(ctx context.Context, c Config) (*Daemon, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		d, err := start(ctx, c)
		if errors.Is(err, errPortTaken) && ctx.Err() == nil {
			continue
		}
		return d, err
	}
}

// start does the same with a port that is free when it is looked for. Something else
// may have it when the daemon listens.
func start(ctx context.Context, c Config) (*Daemon, error) {
	rpc, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p, err := proc.Start(proc.Command{Path: c.Programs.Daemon, Args: arguments(c, rpc)})
	if err != nil {
		return nil, err
	}
	d := &Daemon{programs: c.Programs, dir: c.Dir, rpc: rpc, proc: p}
	if err := d.answers(ctx); err != nil {
		if d.Ended() && strings.Contains(p.Output(), "address already in use") {
			err = errors.Join(errPortTaken, err)
		}
		return nil, errors.Join(fmt.Errorf("start spvd: %w\n%s", err, p.Output()), p.Kill())
	}
	return d, nil
}

// arguments returns the command line of a daemon.
func arguments(c Config, rpc string) []string {
	args := []string{"--" + network, "--appdata=" + c.Dir, "--rpclisten=" + rpc}
	for _, peer := range c.Peers {
		args = append(args, "--connect="+peer)
	}
	return append(args, c.Args...)
}

// freeAddr returns a loopback address that nothing listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// answers waits for the first answer. The files a client needs are there once
// the daemon listens.
func (d *Daemon) answers(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := d.open(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-d.proc.Done():
			return fmt.Errorf("it ended with exit code %d", d.proc.ExitCode())
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		}
	}
}

// open makes a client from the daemon's files and tries it.
func (d *Daemon) open(ctx context.Context) error {
	c, err := newClient(d.dir, d.rpc)
	if err != nil {
		return err
	}
	d.client = c
	_, err = d.Status(ctx)
	return err
}

// PID returns the daemon's process id.
func (d *Daemon) PID() int { return d.proc.PID() }

// Output returns the end of what the daemon wrote.
func (d *Daemon) Output() string { return d.proc.Output() }

// Ended reports whether the daemon has ended.
func (d *Daemon) Ended() bool {
	select {
	case <-d.proc.Done():
		return true
	default:
		return false
	}
}

// Stop asks the daemon to end, waits for it and returns its exit code. If ctx
// ends first, the daemon is killed and the error says so.
func (d *Daemon) Stop(ctx context.Context) (int, error) {
	err := d.proc.Stop(ctx)
	return d.proc.ExitCode(), err
}

// Kill ends the daemon as a power cut would.
func (d *Daemon) Kill() error { return d.proc.Kill() }
