package scale

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/bench/process"
)

// pollRole is the role of a process that asks a daemon for its status again and again.
const pollRole = "poll"

// pollPause is the pause between two calls.
const pollPause = 5 * time.Millisecond

// Roles returns what a process of the benchmark can have to do.
func Roles() map[string]process.Role { return map[string]process.Role{pollRole: poll} }

// pollWork says which daemon is asked.
type pollWork struct {
	RPC, User, Pass string
	PID             int
}

// polled is what was measured of it.
type polled struct {
	Calls   int
	Failed  string        // why a call failed
	Usual   time.Duration // all calls but one in a thousand took no longer
	Slowest time.Duration
	Late    time.Duration // by which a pause between two calls was too long, at most: the machine did it
	Peak    uint64        // anonymous memory of the daemon, in bytes
}

// poll asks until its input ends. It writes to its output what it has measured once when it
// has begun, and once at the end.
func poll(ctx context.Context, work []byte, in io.Reader, out io.Writer) error {
	var w pollWork
	if err := json.Unmarshal(work, &w); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var reading sync.WaitGroup
	defer reading.Wait() // the process that started this one closes its input
	reading.Go(func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, in)
	})
	d := &daemon{pid: w.PID, rpc: w.RPC, user: w.User, pass: w.Pass, client: &http.Client{}}
	replies, result := json.NewEncoder(out), polled{}
	var walls []time.Duration
	for {
		began := time.Now()
		if err := d.call("", "syncstatus", nil); err != nil {
			result.Failed = err.Error()
			return replies.Encode(result)
		}
		took := time.Since(began)
		if result.Calls++; result.Calls == 1 { // the first one connects
			if err := replies.Encode(result); err != nil {
				return err
			}
		} else {
			walls = append(walls, took)
		}
		result.Peak = max(result.Peak, d.anonymous())
		paused := time.Now()
		select {
		case <-ctx.Done():
			if slices.Sort(walls); len(walls) > 0 {
				result.Usual, result.Slowest = walls[len(walls)*999/1000], walls[len(walls)-1]
			}
			return replies.Encode(result)
		case <-time.After(pollPause):
			result.Late = max(result.Late, time.Since(paused)-pollPause)
		}
	}
}

// poller is a process that polls.
type poller struct {
	cmd     *exec.Cmd
	in      io.Closer
	replies *json.Decoder
}

// startPoller starts one, and returns when it has asked for the first time.
func startPoller(ctx context.Context, d *daemon) (*poller, error) {
	cmd, err := process.Command(ctx, pollRole, pollWork{RPC: d.rpc, User: d.user, Pass: d.pass, PID: d.pid})
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &poller{cmd: cmd, in: in, replies: json.NewDecoder(out)}
	if _, err := p.read(); err != nil {
		return nil, errors.Join(err, in.Close(), cmd.Wait())
	}
	return p, nil
}

// end ends it and returns what it has measured.
func (p *poller) end() (result polled, err error) {
	closed := p.in.Close()
	result, err = p.read()
	return result, errors.Join(closed, err, p.cmd.Wait())
}

// read returns what it says next.
func (p *poller) read() (result polled, err error) {
	if err = p.replies.Decode(&result); err == nil && result.Failed != "" {
		err = errors.New(result.Failed)
	}
	return result, err
}
