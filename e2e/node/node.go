package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/e2e/proc"
)

// The credentials of every node: it listens on the loopback interface only and
// lives for minutes.
const (
	rpcUser = "e2e"
	rpcPass = "e2e"
)

// anyPort has the system pick a free port.
const anyPort = "127.0.0.1:0"

// startTime bounds how long a node may take until it answers.
const startTime = 30 * time.Second

// Config says how to run a node.
type Config struct {
	// Program is the path Build returned.
	Program string

	// Dir is the node's own directory. It is made if it does not exist. A node
	// that is started again with the same directory continues its chain.
	Dir string

	// MiningAddress is paid for the blocks the node's templates are made for.
	// Without it the node offers no work.
	MiningAddress string
}

// Node is a running full node.
type Node struct {
	proc  *proc.Process
	peers string // address for peers
	rpc   string // address for RPC
	dir   string
	roots *x509.CertPool
	ctl   *wsrpc.Client
	alive *os.File // the node stops when this pipe is closed
}

// Start runs a node and waits until it answers RPC. ctx bounds the start only;
// the node runs until Stop or Kill, one of which must be called.
func Start(ctx context.Context, c Config) (*Node, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	n, addrs, err := launch(c)
	if err != nil {
		return nil, fmt.Errorf("start node in %s: %w", c.Dir, err)
	}
	if err := n.connect(ctx, addrs); err != nil {
		return nil, errors.Join(fmt.Errorf("start node in %s: %w\n%s", c.Dir, err, n.proc.Output()), n.Kill())
	}
	return n, nil
}

// launch starts the process and returns the pipe that its addresses come from.
func launch(c Config) (n *Node, addrs *os.File, err error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, nil, err
	}
	addrs, addrsEnd, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer addrsEnd.Close()
	aliveEnd, alive, err := os.Pipe()
	if err != nil {
		addrs.Close()
		return nil, nil, err
	}
	defer aliveEnd.Close()
	p, err := proc.Start(proc.Command{
		Path:  c.Program,
		Args:  arguments(c),
		Files: []*os.File{addrsEnd, aliveEnd}, // descriptors 3 and 4
	})
	if err != nil {
		addrs.Close()
		alive.Close()
		return nil, nil, err
	}
	return &Node{proc: p, dir: c.Dir, alive: alive}, addrs, nil
}

// arguments returns dcrd's command line.
func arguments(c Config) []string {
	args := []string{
		"--simnet",
		"--appdata=" + c.Dir,
		"--configfile=" + filepath.Join(c.Dir, "dcrd.conf"),
		"--nofilelogging", "--debuglevel=RPCS=warn", // a line for every block otherwise
		"--noseeders",
		"--nodiscoverip",
		"--listen=" + anyPort,
		"--rpclisten=" + anyPort,
		"--rpcuser=" + rpcUser,
		"--rpcpass=" + rpcPass,
		"--pipetx=3", "--boundaddrevents",
		"--piperx=4",
	}
	if c.MiningAddress != "" {
		args = append(args, "--miningaddr="+c.MiningAddress)
	}
	return args
}

// connect learns the node's addresses and opens the control connection. It
// closes addrs.
func (n *Node) connect(ctx context.Context, addrs *os.File) error {
	defer addrs.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := addrs.SetReadDeadline(deadline); err != nil {
			return err
		}
	}
	var err error
	if n.peers, n.rpc, err = readAddrs(addrs); err != nil {
		return err
	}
	cert, err := os.ReadFile(n.Access().Cert)
	if err != nil {
		return err
	}
	n.roots = x509.NewCertPool()
	if !n.roots.AppendCertsFromPEM(cert) {
		return errors.New("the node's rpc.cert holds no certificate")
	}
	n.ctl, err = n.Dial(ctx, nil)
	return err
}

// Dial opens another RPC connection. Notifications that are subscribed to on it
// go to notify, which may be nil.
func (n *Node) Dial(ctx context.Context, notify wsrpc.Notifier) (*wsrpc.Client, error) {
	c, err := wsrpc.Dial(ctx, "wss://"+n.rpc+"/ws",
		wsrpc.WithBasicAuth(rpcUser, rpcPass),
		wsrpc.WithTLSConfig(&tls.Config{RootCAs: n.roots, MinVersion: tls.VersionTLS12}),
		wsrpc.WithNotifier(notify))
	if err != nil {
		return nil, fmt.Errorf("dial node %s: %w", n.rpc, err)
	}
	return c, nil
}

// Addr returns the address at which the node takes peers.
func (n *Node) Addr() string { return n.peers }

// Access is what another program needs to talk to a node.
type Access struct {
	Addr       string // of the RPC listener
	Cert       string // the path of its certificate
	User, Pass string
}

// Access says how to talk to the node.
func (n *Node) Access() Access {
	return Access{Addr: n.rpc, Cert: filepath.Join(n.dir, "rpc.cert"), User: rpcUser, Pass: rpcPass}
}

// Output returns the end of the node's log.
func (n *Node) Output() string { return n.proc.Output() }

// Stop ends the node in order; when ctx ends before, the node is killed.
func (n *Node) Stop(ctx context.Context) error {
	n.hangUp()
	return n.proc.Stop(ctx)
}

// Kill ends the node as a power cut would.
func (n *Node) Kill() error {
	err := n.proc.Kill()
	n.hangUp()
	return err
}

// hangUp closes the connections to the node.
func (n *Node) hangUp() {
	if n.ctl != nil {
		_ = n.ctl.Close() // nothing is in flight any longer
	}
	_ = n.alive.Close()
}
