package testnet

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
)

// Network is a number of nodes at addresses, and the lines to them. A client
// dials them in memory through Dial, or over TCP where ServeTCP listens.
type Network struct {
	seed uint64
	log  *slog.Logger

	begun chan struct{} // closed when Run has begun

	mu      sync.Mutex
	hosts   map[string]*Host
	seeders map[string]*Seeder
	order   []*Host
	running context.Context // of Run; nil before and after
	dials   int
	serving sync.WaitGroup
}

// Host is a node at an address.
type Host struct {
	// Addr is what a client dials.
	Addr string

	// Node is the node.
	Node *Node

	net   *Network
	shape link.Shape
	gate  link.Gate

	mu   sync.Mutex
	down bool
}

// NewNetwork returns a network without nodes. Everything left to chance
// follows from the seed. The log may be nil.
func NewNetwork(seed uint64, log *slog.Logger) *Network {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Network{seed: seed, log: log, hosts: make(map[string]*Host), seeders: make(map[string]*Seeder), begun: make(chan struct{})}
}

// Add puts a node at an address, behind a line of the given shape. Nodes of a network relay
// transactions to each other.
func (n *Network) Add(addr string, node *Node, shape link.Shape) *Host {
	h := &Host{Addr: addr, Node: node, net: n, shape: shape}
	n.mu.Lock()
	n.hosts[addr] = h
	n.order = append(n.order, h)
	n.mu.Unlock()
	node.mu.Lock()
	node.relay = n.relay
	node.mu.Unlock()
	return h
}

// Hosts returns all hosts in the order in which they were added.
func (n *Network) Hosts() []*Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]*Host(nil), n.order...)
}

// relay brings a transaction to all nodes.
func (n *Network) relay(tx *wire.MsgTx) {
	for _, h := range n.Hosts() {
		h.Node.takeTx(tx)
	}
}

// Run accepts clients until ctx ends, and returns nil when all connections have ended. It is
// called once.
func (n *Network) Run(ctx context.Context) error {
	n.mu.Lock()
	n.running = ctx
	n.mu.Unlock()
	close(n.begun)
	<-ctx.Done()
	n.mu.Lock()
	n.running = nil
	n.mu.Unlock()
	n.serving.Wait()
	return nil
}

// Dial connects to a host in memory. It takes a round trip, and then fails if the host is
// down. It waits until the host is reachable and the network runs, or ctx ends.
func (n *Network) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := n.dial(ctx, addr)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: %w", addr, err)}
	}
	return conn, nil
}

func (n *Network) dial(ctx context.Context, addr string) (net.Conn, error) {
	n.mu.Lock()
	h := n.hosts[addr]
	n.dials++
	number := n.dials
	n.mu.Unlock()
	if h == nil {
		if conn := n.dialSeeder(addr); conn != nil {
			return conn, nil
		}
		return nil, syscall.EHOSTUNREACH
	}
	select {
	case <-n.begun:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := h.roundTrip(ctx); err != nil {
		return nil, err
	}
	remote, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	local := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 255, 255, 1}), uint16(1024+number))
	near, far := net.Pipe()
	line := link.New(endpoint{far, remote, local}, h.shape, &h.gate, n.chance(addr, number))
	if !n.serve(h, line, line.Run) {
		return nil, errors.Join(syscall.ECONNREFUSED, near.Close(), far.Close())
	}
	return endpoint{near, local, remote}, nil
}

// roundTrip waits for a round trip to the host.
func (h *Host) roundTrip(ctx context.Context) error {
	if err := wait.For(ctx, 2*h.shape.Latency); err != nil {
		return err
	}
	if err := h.gate.Pass(ctx); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return syscall.ECONNREFUSED
	}
	return nil
}

// chance returns the seed of the random events on a connection to an address.
func (n *Network) chance(addr string, number int) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, n.seed, addr, number)
	return h.Sum64()
}

// serve serves a connection in the background, and runs the line it goes over
// if there is one. It returns false if the network does not run.
func (n *Network) serve(h *Host, conn net.Conn, run func(context.Context) error) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	ctx := n.running
	if ctx == nil {
		return false
	}
	if run != nil {
		n.serving.Go(func() {
			if err := run(ctx); err != nil {
				n.log.Debug("line ended", "host", h.Addr, "err", err)
			}
		})
	}
	n.serving.Go(func() {
		if err := h.Node.Serve(ctx, conn); err != nil {
			n.log.Debug("session ended", "host", h.Addr, "err", err)
		}
	})
	return true
}

// Partition stops all bytes from and to the host. Neither side gets an error.
func (h *Host) Partition() { h.gate.Shut() }

// Heal ends a partition.
func (h *Host) Heal() { h.gate.Open() }

// Stop ends the host's connections and refuses new ones.
func (h *Host) Stop() {
	h.mu.Lock()
	h.down = true
	h.mu.Unlock()
	h.Node.Kick()
}

// Start accepts connections again.
func (h *Host) Start() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = false
}

// endpoint is one end of a connection in memory.
type endpoint struct {
	net.Conn
	local, remote netip.AddrPort
}

// LocalAddr implements net.Conn.
func (e endpoint) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(e.local) }

// RemoteAddr implements net.Conn.
func (e endpoint) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(e.remote) }
