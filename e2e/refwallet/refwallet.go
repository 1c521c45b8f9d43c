package refwallet

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/proc"
)

const (
	// module is the import path of the program; program/go.mod pins its version.
	module = "decred.org/dcrwallet/v5"

	rpcUser = "e2e"
	rpcPass = "e2e"

	passphrase = "e2e" // of the keys

	// listens is the type of the message in which the wallet reports its address.
	listens = "jsonrpclistener"

	// startTime bounds how long a wallet may take until it answers.
	startTime = 60 * time.Second
)

// Build compiles dcrwallet into dir and returns the path of the program. source is the
// directory of this package's module.
func Build(ctx context.Context, source, dir string) (string, error) {
	path := filepath.Join(dir, "dcrwallet")
	return path, proc.GoBuild(ctx, filepath.Join(source, "refwallet", "program"), dir, "-mod=mod", "-o", path, module)
}

// Config says how to run a wallet.
type Config struct {
	Program string      // path that Build returned
	Dir     string      // of its own
	Xpub    string      // extended public key of the one account, which is called default
	Node    node.Access // the full node that it follows over RPC

	// Seed is that of a wallet with keys, in the place of Xpub.
	Seed []byte

	// Peers are the only peers of a wallet in SPV mode, which Node is of no use to.
	Peers []string
}

// Wallet is a running dcrwallet. One with keys is unlocked.
type Wallet struct {
	proc *proc.Process
	ctl  *wsrpc.Client
}

// Start creates a wallet from the key or the seed, runs it, and waits until it answers. ctx bounds
// the start only: the wallet runs until Stop, which must be called.
func Start(ctx context.Context, c Config) (*Wallet, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := create(ctx, c); err != nil {
		return nil, err
	}
	addrs, addrsEnd, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer addrs.Close()
	defer addrsEnd.Close()
	p, err := proc.Start(proc.Command{
		Path: c.Program,
		Args: append(c.arguments(), "--nogrpc",
			"--rpclisten=127.0.0.1:0", "--username="+rpcUser, "--password="+rpcPass,
			"--rpclistenerevents", "--pipetx=3"),
		Files: []*os.File{addrsEnd},
	})
	if err != nil {
		return nil, err
	}
	w := &Wallet{proc: p}
	if err := w.connect(ctx, addrs, c.Dir); err != nil {
		return nil, errors.Join(fmt.Errorf("start dcrwallet: %w\n%s", err, p.Output()), w.Kill())
	}
	return w, nil
}

// arguments returns what says where the wallet is, which network it follows, and how it is unlocked.
func (c *Config) arguments() []string {
	list := []string{"--simnet", "--appdata=" + c.Dir, "--nofilelogging"}
	if c.Seed != nil {
		list = append(list, "--pass="+passphrase)
	}
	if len(c.Peers) == 0 {
		return append(list, "--rpcconnect="+c.Node.Addr, "--cafile="+c.Node.Cert,
			"--dcrdusername="+c.Node.User, "--dcrdpassword="+c.Node.Pass)
	}
	list = append(list, "--spv")
	for _, peer := range c.Peers {
		list = append(list, "--spvconnect="+peer)
	}
	return list
}

// create makes the wallet's file: the program asks for the key and for a passphrase, or whether to
// use the one of the command line, whether to add another one, and for the seed.
func create(ctx context.Context, c Config) error {
	args, answers := []string{"--createwatchingonly"}, c.Xpub+"\nno\n"
	if c.Seed != nil {
		args, answers = nil, "yes\nno\nyes\n"+hex.EncodeToString(c.Seed)+"\n"
	}
	cmd := exec.CommandContext(ctx, c.Program, append(append(c.arguments(), "--create"), args...)...)
	cmd.Stdin = strings.NewReader(answers)
	if out, err := cmd.CombinedOutput(); err != nil || bytes.Contains(out, []byte("Unable to create")) {
		return fmt.Errorf("create a wallet for dcrwallet: %w\n%s", errors.Join(err, errors.New("not created")), out)
	}
	return nil
}

// connect learns where the wallet listens and opens the control connection.
func (w *Wallet) connect(ctx context.Context, addrs *os.File, dir string) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := addrs.SetReadDeadline(deadline); err != nil {
			return err
		}
	}
	addr, err := node.ReadAddr(addrs, listens)
	if err != nil {
		return err
	}
	cert, err := os.ReadFile(filepath.Join(dir, "rpc.cert"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(cert) {
		return errors.New("rpc.cert of dcrwallet holds no certificate")
	}
	w.ctl, err = wsrpc.Dial(ctx, "wss://"+addr+"/ws", wsrpc.WithBasicAuth(rpcUser, rpcPass),
		wsrpc.WithTLSConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}))
	return err
}

// Call calls a method with positional parameters. A result of nil discards the answer.
func (w *Wallet) Call(ctx context.Context, method string, result any, params ...any) error {
	return w.ctl.Call(ctx, method, result, params...)
}

// Output returns the end of the log.
func (w *Wallet) Output() string { return w.proc.Output() }

// Stop ends the wallet in order; when ctx ends before, it is killed.
func (w *Wallet) Stop(ctx context.Context) error {
	w.hangUp()
	return w.proc.Stop(ctx)
}

// Kill ends the wallet at once.
func (w *Wallet) Kill() error {
	w.hangUp()
	return w.proc.Kill()
}

func (w *Wallet) hangUp() {
	if w.ctl != nil {
		_ = w.ctl.Close() // nothing is in flight any longer
	}
}
