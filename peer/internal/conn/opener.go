package conn

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// Config is what the connections of one pool have in common. Every field has to be set.
// What the fields mean is written at peer.Config.
type Config struct {
	Net       wire.CurrencyNet
	UserAgent string
	Log       *slog.Logger
	Now       func() time.Time
	Rand      func() uint64

	HandshakeTimeout, WriteTimeout time.Duration
	PingEvery, PongTimeout         time.Duration
	RequestStall, RequestMax       time.Duration
	MinRate, MaxRequests           int

	Txs    Txs
	Mix    Mix    // nil without mixing
	Defect func() // called when a panic over data of a peer was contained
}

// Txs decides about unmined transactions. Its methods do not wait. Those that return hashes
// return the transactions to request from the peer now.
type Txs interface {
	// Announced records the transactions that a peer announces.
	Announced(id p2p.PeerID, addr string, hashes []chainhash.Hash) (ask []chainhash.Hash)

	// Arrived records a transaction, and reports whether the peer was asked for it.
	Arrived(id p2p.PeerID, hash chainhash.Hash, raw []byte) (asked bool, ask []chainhash.Hash)

	// Oversized records a transaction that was skipped because of its size in bytes, and
	// reports whether the peer was asked for any.
	Oversized(id p2p.PeerID, size int) bool

	// Missing records that a peer does not have transactions.
	Missing(id p2p.PeerID, hashes []chainhash.Hash) (ask []chainhash.Hash)

	// Serve returns a transaction that a peer requests, or nil if it is not to be served.
	Serve(id p2p.PeerID, hash chainhash.Hash) *wire.MsgTx
}

// Mix decides about messages of mixing. Its methods do not wait.
type Mix interface {
	// Announced records the messages that a peer announces, and returns which to request from it.
	Announced(id p2p.PeerID, hashes []chainhash.Hash, now time.Time) (ask []chainhash.Hash)

	// Arrived records a message, and reports whether the peer was asked for it.
	Arrived(id p2p.PeerID, m p2p.MixMessage) (asked bool)

	// Missing records that a peer does not have messages.
	Missing(id p2p.PeerID, hashes []chainhash.Hash)

	// Serve returns a message that a peer requests, or nil if it is not to be served.
	Serve(id p2p.PeerID, hash chainhash.Hash) wire.Message
}

// Opener makes the connections of one pool. Any goroutine may call its methods.
type Opener struct {
	cfg   Config
	total traffic

	mu     sync.Mutex
	nonces map[uint64]struct{} // of handshakes that have not ended
}

func NewOpener(cfg Config) *Opener {
	return &Opener{cfg: cfg, nonces: make(map[uint64]struct{})}
}

// Traffic returns the bytes received and sent over all connections so far.
func (o *Opener) Traffic() (received, sent uint64) { return o.total.in.Load(), o.total.out.Load() }

// Open performs the handshake with the peer at an address, over a connection that was just
// made, and returns a connection that is ready for Run. With relayTx the peer is asked to
// announce transactions. If the handshake fails, Open closes the connection and returns the
// reason.
func (o *Opener) Open(ctx context.Context, raw net.Conn, addr string, relayTx bool) (*Conn, error) {
	nc := newMetered(raw, &o.total)
	frames := newFrameReader(nc, o.cfg.Net, maxVersion)
	frames.in = new(handshakeBytes)
	nonce := o.addNonce()
	defer o.dropNonce(nonce)
	ctx, cancel := context.WithTimeout(ctx, o.cfg.HandshakeTimeout)
	defer cancel()
	var r remote
	err := fault.Contain(o.cfg.Log, addr, o.cfg.Defect, func() (err error) {
		r, err = shake(ctx, nc, frames, hello{
			net:     o.cfg.Net,
			agent:   o.cfg.UserAgent,
			relayTx: relayTx,
			nonce:   nonce,
			ours:    o.HasNonce,
			now:     o.cfg.Now,
		})
		return err
	})
	if err != nil {
		nc.Close()
		return nil, err
	}
	return newConn(&o.cfg, addr, nc, frames, r, relayTx), nil
}

func (o *Opener) addNonce() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	nonce := o.cfg.Rand()
	o.nonces[nonce] = struct{}{}
	return nonce
}

func (o *Opener) dropNonce(nonce uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.nonces, nonce)
}

// HasNonce reports whether a handshake that has not ended sent a nonce.
func (o *Opener) HasNonce(nonce uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.nonces[nonce]
	return ok
}
