package scale

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// daemon is a running spvd with a data directory of its own.
type daemon struct {
	cmd     *exec.Cmd
	pid     int
	dir     string
	rpc     string // host:port
	user    string
	pass    string
	client  *http.Client
	started time.Duration // until it answered
}

// start starts the program on a directory, connected to one peer.
func start(ctx context.Context, program, dir, peer string) (*daemon, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &daemon{dir: dir, rpc: l.Addr().String(), client: &http.Client{}}
	if err := l.Close(); err != nil {
		return nil, err
	}
	os.Remove(d.cookie())
	d.cmd = exec.CommandContext(ctx, program, "--appdata", dir, "--simnet", "--connect", peer, "--rpclisten", d.rpc, "--notls",
		"--nofilelogging", "--debuglevel", "warn")
	d.cmd.Stderr, d.cmd.Stdout = os.Stderr, io.Discard
	began := time.Now()
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	d.pid = d.cmd.Process.Pid
	for {
		if text, err := os.ReadFile(d.cookie()); err == nil {
			d.user, d.pass, _ = strings.Cut(strings.TrimSpace(string(text)), ":")
			if err := d.call("", "version", nil); err == nil {
				d.started = time.Since(began)
				return d, nil
			}
		}
		if time.Since(began) > time.Minute {
			return nil, errors.Join(errors.New("the daemon does not answer"), d.stop())
		}
		time.Sleep(time.Millisecond)
	}
}

func (d *daemon) cookie() string { return filepath.Join(d.dir, "simnet", "rpc.cookie") }

// stop ends the daemon.
func (d *daemon) stop() error {
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return d.cmd.Wait()
}

// ask calls a method of a wallet and passes the reply to read.
func (d *daemon) ask(wallet, method string, params []any, read func(io.Reader) error) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	url := "http://" + d.rpc + "/"
	if wallet != "" {
		url += "wallet/" + wallet
	}
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(d.user, d.pass)
	resp, err := d.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", method, resp.Status)
	}
	return read(resp.Body)
}

// call calls a method and decodes its result.
func (d *daemon) call(wallet, method string, result any, params ...any) error {
	return d.ask(wallet, method, params, func(r io.Reader) error {
		var reply struct {
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		if err := json.NewDecoder(r).Decode(&reply); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		switch {
		case reply.Error != nil:
			return fmt.Errorf("%s: %s", method, reply.Error.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(reply.Result, result)
	})
}

// took is what a call costs.
type took struct {
	wall  time.Duration
	bytes int64  // of the reply
	more  uint64 // anonymous memory at its peak over that before, in bytes
}

// measure measures a call whose reply is only counted. An error in the reply is one.
func (d *daemon) measure(method string, params ...any) (t took, err error) {
	before, stop := d.anonymous(), make(chan struct{})
	peak := before
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
				peak = max(peak, d.anonymous())
			}
		}
	})
	began := time.Now()
	err = d.ask("", method, params, func(r io.Reader) error {
		head := make([]byte, 200)
		n, err := io.ReadFull(r, head)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		if bytes.Contains(head[:n], []byte(`"error":{`)) {
			return fmt.Errorf("%s: %s", method, head[:n])
		}
		rest, err := io.Copy(io.Discard, r)
		t.bytes = int64(n) + rest
		return err
	})
	t.wall = time.Since(began)
	close(stop)
	watching.Wait()
	t.more = max(peak, d.anonymous()) - before
	return t, err
}

// synced waits until the daemon is synced at a height.
func (d *daemon) synced(height int64) error {
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		var st struct {
			Synced  bool
			Scanned int64
			Tip     struct{ Height int64 }
		}
		if err := d.call("", "syncstatus", &st); err != nil {
			return err
		}
		if st.Synced && st.Tip.Height >= height {
			return nil
		}
		if time.Since(began) > 20*time.Minute {
			return fmt.Errorf("not synced after 20 minutes: %+v", st)
		}
	}
}

// anonymous returns the resident memory that no file is behind, in bytes.
func (d *daemon) anonymous() uint64 { return d.proc("status", "RssAnon:") << 10 }

// written returns the bytes that the daemon has sent to the disk.
func (d *daemon) written() uint64 { return d.proc("io", "write_bytes:") }

// proc returns the number behind a name in a file of /proc.
func (d *daemon) proc(file, name string) uint64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", d.pid, file))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte("\n"+name))
	words := bytes.Fields(rest)
	if len(words) == 0 {
		return 0
	}
	n, _ := strconv.ParseUint(string(words[0]), 10, 64)
	return n
}

// file returns the size of the default wallet's file.
func (d *daemon) file() int64 {
	info, err := os.Stat(filepath.Join(d.dir, "simnet", "wallets", "default.db"))
	if err != nil {
		return 0
	}
	return info.Size()
}
