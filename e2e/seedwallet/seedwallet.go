package seedwallet

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/spvd/spvd/e2e/proc"
)

// Build compiles the program into dir and returns its path. source is the root of the
// project.
func Build(ctx context.Context, source, dir string) (string, error) {
	path := filepath.Join(dir, "seedwallet")
	module := filepath.Join(source, "adapter", "dcrwallet")
	return path, proc.GoBuild(ctx, module, dir, "-o", path, "./internal/seedwallet/cmd/seedwallet")
}

// The backends.
const (
	Adapter   = "adapter"
	Reference = "reference"
)

// Config says how to run a wallet.
type Config struct {
	Program string // path that Build returned
	Backend string
	Dir     string // of its own; one with a wallet is used again
	Seed    []byte
	Connect []string // the peers
}

// Wallet is a running wallet. One goroutine at a time may call its methods.
type Wallet struct {
	proc     *proc.Process
	requests *os.File
	replies  *os.File
	lines    *bufio.Scanner
	killed   bool
}

// Start runs a wallet, until Stop or Kill, one of which must be called.
func Start(c Config) (*Wallet, error) {
	requestsEnd, requests, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer requestsEnd.Close()
	replies, repliesEnd, err := os.Pipe()
	if err != nil {
		requests.Close()
		return nil, err
	}
	defer repliesEnd.Close()
	p, err := proc.Start(proc.Command{
		Path: c.Program,
		Args: []string{
			"-backend=" + c.Backend, "-dir=" + c.Dir, "-seed=" + hex.EncodeToString(c.Seed),
			"-connect=" + strings.Join(c.Connect, ","),
		},
		Files: []*os.File{requestsEnd, repliesEnd},
	})
	if err != nil {
		requests.Close()
		replies.Close()
		return nil, err
	}
	lines := bufio.NewScanner(replies)
	lines.Buffer(nil, 16<<20)
	return &Wallet{proc: p, requests: requests, replies: replies, lines: lines}, nil
}

// Request is what the wallet is asked, see the program.
type Request struct {
	Do     string
	Tip    string `json:",omitempty"`
	Branch uint32 `json:",omitempty"`
	Index  uint32 `json:",omitempty"`
	To     string `json:",omitempty"`
	Amount int64  `json:",omitempty"`
	Hash   string `json:",omitempty"`
}

// Ask asks the wallet. The result may be nil. When ctx ends before there is a reply, the
// wallet answers no further requests.
func (w *Wallet) Ask(ctx context.Context, q Request, result any) error {
	unlink := context.AfterFunc(ctx, func() { _ = w.replies.SetReadDeadline(time.Unix(1, 0)) })
	defer unlink()
	if err := json.NewEncoder(w.requests).Encode(q); err != nil {
		return fmt.Errorf("%s: %w", q.Do, err)
	}
	if !w.lines.Scan() {
		return fmt.Errorf("%s: no reply: %w\n%s", q.Do, errors.Join(w.lines.Err(), context.Cause(ctx)), w.Output())
	}
	var r struct {
		Result json.RawMessage
		Error  string
	}
	if err := json.Unmarshal(w.lines.Bytes(), &r); err != nil {
		return fmt.Errorf("%s: %w", q.Do, err)
	}
	if r.Error != "" {
		return fmt.Errorf("%s: %s", q.Do, r.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(r.Result, result)
}

// Summary is what a wallet holds, see package seedwallet of the adapter.
type Summary struct {
	Height   int32
	Tip      string
	Scanned  bool
	Accounts []Account
	History  []string
	Unspent  []string
}

// Account is an account with the addresses that it has used and hands out next.
type Account struct {
	Number                     uint32
	Name                       string
	NextExternal, NextInternal uint32
	UsedExternal, UsedInternal uint32
	Balances                   map[string]int64
}

// Await waits until the wallet is synced at a block, and returns what it holds.
func (w *Wallet) Await(ctx context.Context, tip string) (s Summary, err error) {
	return s, w.Ask(ctx, Request{Do: "await", Tip: tip}, &s)
}

// Differences returns the parts in which two summaries differ.
func (s Summary) Differences(o Summary) []string {
	var list []string
	a, b := reflect.ValueOf(s), reflect.ValueOf(o)
	for i := range a.NumField() {
		if x, y := a.Field(i).Interface(), b.Field(i).Interface(); !reflect.DeepEqual(x, y) {
			list = append(list, fmt.Sprintf("%s:\n%+v\n%+v", a.Type().Field(i).Name, x, y))
		}
	}
	return list
}

// Output returns the end of the log.
func (w *Wallet) Output() string { return w.proc.Output() }

// Stop ends the wallet in order; when ctx ends before, it is killed. The error says how it has
// ended if it has failed. It may be called after Kill.
func (w *Wallet) Stop(ctx context.Context) error {
	w.hangUp()
	select {
	case <-w.proc.Done():
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("stop seedwallet: %w", ctx.Err()), w.proc.Kill())
	}
	if code := w.proc.ExitCode(); code != 0 && !w.killed {
		return fmt.Errorf("seedwallet has ended with code %d:\n%s", code, w.Output())
	}
	return nil
}

// Kill ends the wallet at once.
func (w *Wallet) Kill() error {
	w.killed = true
	defer w.hangUp()
	return w.proc.Kill()
}

func (w *Wallet) hangUp() {
	_ = w.requests.Close() // the program stops
	_ = w.replies.Close()
}
