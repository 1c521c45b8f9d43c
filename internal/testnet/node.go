package testnet

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// NodeConfig describes a node.
type NodeConfig struct {
	// Chain is the best chain of the node at first.
	Chain *Chain

	// Behaviour decides which messages it sends; nil means [Honest].
	Behaviour Behaviour

	// Protocol is the newest protocol version it speaks: 11, as released dcrd
	// versions do, or 12. Zero means 11.
	Protocol uint32

	// UserAgent is the user agent it claims; there is a default.
	UserAgent string

	// Addrs are the addresses of other nodes that it announces.
	Addrs []net.TCPAddr

	// Trace, if set, is called with every message the node receives and sends, in order for
	// each session, before the message has any effect.
	Trace func(Event)

	// Log receives events; nil logs nothing.
	Log *slog.Logger
}

// Event is a message that was received or sent.
type Event struct {
	At      time.Time
	Session *Session
	In      bool // from the client
	Command string
}

// Node is one node of the network. It serves any number of connections.
type Node struct {
	cfg    NodeConfig
	params *consensus.Params

	misdeeds atomic.Int64
	traffic  Traffic

	mu       sync.Mutex
	chain    *Chain
	history  []*Chain // earlier best chains, newest last
	sessions map[*Session]struct{}
	bans     map[string]time.Time // by host: until when
	served   int                  // connections so far
	mempool  mempool
	relay    func(*wire.MsgTx) // sends to the other nodes, or nil
}

// Traffic counts the actions of a node. All fields only rise, but for Sessions.
type Traffic struct {
	Sessions, Connections           atomic.Int64
	BytesIn, BytesOut               atomic.Int64
	Headers, CFilters, Blocks, Bans atomic.Int64 // messages sent, clients banned
}

// NewNode returns a node without connections.
func NewNode(cfg NodeConfig) *Node {
	if cfg.Behaviour == nil {
		cfg.Behaviour = Honest{}
	}
	if cfg.Protocol == 0 {
		cfg.Protocol = wire.BatchedCFiltersV2Version
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "/testnet:1.0.0/"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Node{
		cfg:      cfg,
		params:   cfg.Chain.Params(),
		chain:    cfg.Chain,
		sessions: make(map[*Session]struct{}),
		bans:     make(map[string]time.Time),
		mempool:  newMempool(),
	}
}

// Chain returns the best chain of the node.
func (n *Node) Chain() *Chain {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.chain
}

// SetChain makes a chain the best one and announces it. The caller ensures that it has more
// work than the one before.
func (n *Node) SetChain(c *Chain) {
	n.mu.Lock()
	news := News{Old: n.chain, New: c}
	if c.ForkOf(n.chain) < n.chain.Height() {
		n.history = append(n.history, n.chain)
	}
	n.chain = c
	n.mempool.confirm(news)
	told := n.currentLocked()
	n.mu.Unlock()
	for _, s := range told {
		s.tell(n.cfg.Behaviour.Announce(s, news)...)
	}
}

// Extend puts blocks on the best chain, one after the other.
func (n *Node) Extend(blocks int) {
	for range blocks {
		n.SetChain(n.Chain().Extend(1))
	}
}

// Reorg replaces the last blocks of the best chain by others with more work,
// which follow from the seed.
func (n *Node) Reorg(depth int, seed uint64) {
	c := n.Chain()
	n.SetChain(c.Outgrow(c.Height()-consensus.Height(depth), seed))
}

// currentLocked returns the sessions that have completed their handshake. The caller holds the
// lock.
func (n *Node) currentLocked() []*Session {
	var all []*Session
	for s := range n.sessions {
		if s.ready.Load() {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *Session) int { return a.number - b.number })
	return all
}

// find returns a chain that was ever the best one and has a block, and the
// height of the block.
func (n *Node) find(hash *chainhash.Hash) (*Chain, consensus.Height, bool) {
	n.mu.Lock()
	all := append(slices.Clip(n.history), n.chain)
	n.mu.Unlock()
	for _, c := range slices.Backward(all) {
		if h, ok := c.Find(hash); ok {
			return c, h, true
		}
	}
	return nil, 0, false
}

// Traffic returns the counters, which may be read at any time.
func (n *Node) Traffic() *Traffic { return &n.traffic }

// Misdeeds returns how often the node did something that an honest one would not.
func (n *Node) Misdeeds() int { return int(n.misdeeds.Load()) }

// Kick ends all sessions, as if the process had been killed.
func (n *Node) Kick() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for s := range n.sessions {
		s.kick()
	}
}

// ban bans a client and ends its sessions.
func (n *Node) ban(host, why string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bans[host] = time.Now().Add(banTime)
	n.traffic.Bans.Add(1)
	n.cfg.Log.Info("banned client", "host", host, "why", why)
	for s := range n.sessions {
		if s.host == host {
			s.kick()
		}
	}
	return fmt.Errorf("%s: %w", why, ErrBanned)
}

// Serve serves one connection until it ends, ctx ends, or the client has broken a rule, which
// is the error.
func (n *Node) Serve(ctx context.Context, conn net.Conn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := n.admit(conn, cancel)
	if err != nil {
		conn.Close()
		return err
	}
	defer n.dismiss(s)
	return s.run(ctx)
}

// admit makes a session for a connection.
func (n *Node) admit(conn net.Conn, cancel context.CancelFunc) (*Session, error) {
	host := hostOf(conn)
	n.mu.Lock()
	defer n.mu.Unlock()
	if until, ok := n.bans[host]; ok && time.Now().Before(until) {
		return nil, fmt.Errorf("serve %s: %w", host, ErrBanned)
	}
	n.served++
	s := newSession(n, conn, host, n.served, cancel)
	n.sessions[s] = struct{}{}
	n.traffic.Sessions.Add(1)
	n.traffic.Connections.Add(1)
	return s, nil
}

// dismiss forgets a session that has ended.
func (n *Node) dismiss(s *Session) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.sessions, s)
	n.traffic.Sessions.Add(-1)
}

// hostOf returns the host of a connection for bans: all its ports are one host.
func hostOf(conn net.Conn) string {
	addr := conn.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(addr); err == nil {
		return host
	}
	return addr
}
