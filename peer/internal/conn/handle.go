package conn

import (
	"fmt"
	"net"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/spv/p2p"
)

// handle processes one message. It runs on the reader and never waits. An error ends the
// connection.
func (c *Conn) handle(f frame) error {
	switch f.cmd {
	case "":
		c.unknown.Add(1)
	case wire.CmdHeaders:
		return c.handleHeaders(f)
	case wire.CmdCFiltersV2:
		return c.handleReply(GetCFilters, f)
	case wire.CmdCFilterV2:
		return c.handleReply(GetCFilter, f)
	case wire.CmdBlock:
		return c.handleReply(GetBlock, f)
	case wire.CmdTx:
		return c.handleTx(f)
	default:
		if ruleOf([]byte(f.cmd)).handling == mixing {
			c.handleMix(f)
			return nil
		}
		return c.handleDecoded(f)
	}
	return nil
}

// handleDecoded is handle for the messages that are not kept raw. A message that this package
// does not use has no msg, and is ignored. So has one that was skipped because of its size.
func (c *Conn) handleDecoded(f frame) error {
	if f.over > 0 {
		c.on.Fault(fault.Unsolicited, fmt.Errorf("%s of %d bytes", f.cmd, f.over))
		return nil
	}
	switch msg := f.msg.(type) {
	case *wire.MsgInv:
		return c.handleInv(msg)
	case *wire.MsgNotFound:
		return c.handleNotFound(msg)
	case *wire.MsgGetData:
		return c.handleGetData(msg)
	case *wire.MsgGetInitState:
		return c.handleGetInitState()
	case *wire.MsgAddr:
		c.handleAddresses(announcedV1(msg))
	case *wire.MsgAddrV2:
		c.handleAddresses(announcedV2(msg))
	case *wire.MsgPing:
		return c.out.put(wire.NewMsgPong(msg.Nonce))
	case *wire.MsgPong:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.alive.ponged(msg.Nonce, time.Now())
	case *wire.MsgVersion, *wire.MsgVerAck:
		return fault.New(fault.BadHandshake, fmt.Errorf("second %s", f.cmd))
	}
	return nil
}

// meaning is how a headers message is understood.
type meaning uint8

const (
	answer      meaning = iota // the reply to a request
	unsolicited                // an announcement of new blocks
	emptiness                  // no headers, and no request
	intrusion                  // headers that answer no request and announce nothing
)

// handleHeaders completes the headers request that the message answers, or records the
// message as an announcement.
func (c *Conn) handleHeaders(f frame) error {
	grown := c.claims(f.shape.height)
	r, what := c.sortHeaders(f)
	if what == answer {
		c.replied(r, f.payload)
	}
	if what == unsolicited || grown {
		c.on.Announced()
	}
	if what == intrusion {
		c.on.Fault(fault.Unsolicited, fmt.Errorf("headers message with %d headers", f.shape.n))
	}
	if what == intrusion || what == unsolicited {
		return c.unrequested(f)
	}
	return nil
}

// claims records a height that the peer claims, and reports whether it is the greatest so
// far.
func (c *Conn) claims(height uint32) (grown bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	grown = height > c.claim
	c.claim = max(c.claim, height)
	return grown
}

// sortHeaders decides what a headers message means, and returns the request it answers. Once
// sendheaders was sent only the content tells replies and announcements apart: a reply
// connects to the locator it answers. Before that a node announces nothing by headers, so
// that a message that does not connect is still a reply, and the caller judges it.
func (c *Conn) sortHeaders(f frame) (*Request, meaning) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.table.take(GetHeaders, f.shape)
	if r == nil && !c.announcing {
		r = c.table.oldest(GetHeaders)
	}
	switch {
	case r != nil:
		return r, answer
	case !c.announcing:
		return nil, intrusion
	case f.shape.n == 0:
		return nil, emptiness
	}
	c.announcements.put(p2p.Announcement{From: c.id, Headers: f.payload})
	return nil, unsolicited
}

// handleReply completes the request whose blocks the reply names.
func (c *Conn) handleReply(k Kind, f frame) error {
	r := c.take(k, f.shape)
	if r == nil {
		c.on.Fault(fault.Unsolicited, fmt.Errorf("%s of %d from %v to %v", f.cmd, f.shape.n, f.shape.first, f.shape.last))
		return c.unrequested(f)
	}
	c.replied(r, f.payload)
	return nil
}

// replied completes a request that was removed from the table with its reply.
func (c *Conn) replied(r *Request, payload []byte) {
	late := r.abandoned
	r.complete(payload, nil)
	if late {
		c.on.Late(r, payload)
	}
}

// unrequested counts a message as unsolicited that began like the reply to a request and was none.
func (c *Conn) unrequested(f frame) error {
	if !f.answers {
		return nil
	}
	return c.unasked(f.size)
}

// handleNotFound completes the block requests for which the peer has no block, and records
// which transactions and messages of mixing the peer does not have.
func (c *Conn) handleNotFound(msg *wire.MsgNotFound) error {
	var txs, mixes []chainhash.Hash
	for _, iv := range msg.InvList {
		switch iv.Type {
		case wire.InvTypeTx:
			txs = append(txs, iv.Hash)
		case wire.InvTypeBlock:
			if r := c.take(GetBlock, shape{n: 1, first: iv.Hash, last: iv.Hash}); r != nil {
				r.complete(nil, &fault.Error{Reason: fault.NotFound, Peer: c.addr})
			}
		case wire.InvTypeMix:
			mixes = append(mixes, iv.Hash)
		}
	}
	if c.cfg.Mix != nil {
		c.cfg.Mix.Missing(c.id, mixes)
	}
	return c.AskTxs(c.cfg.Txs.Missing(c.id, txs))
}

// take removes the request that a reply answers from the table and returns it, or nil.
func (c *Conn) take(k Kind, s shape) *Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.take(k, s)
}

// handleInv records announced blocks and requests announced transactions and messages of mixing.
func (c *Conn) handleInv(msg *wire.MsgInv) error {
	var blocks, txs, mixes []chainhash.Hash
	for _, iv := range msg.InvList {
		switch iv.Type {
		case wire.InvTypeBlock:
			blocks = append(blocks, iv.Hash)
		case wire.InvTypeTx:
			txs = append(txs, iv.Hash)
		case wire.InvTypeMix:
			mixes = append(mixes, iv.Hash)
		}
	}
	if len(blocks) > 0 {
		c.announcedBlocks(blocks)
	}
	if err := c.handleMixInv(mixes); err != nil {
		return err
	}
	return c.handleTxInv(txs)
}

// announcedBlocks records announced blocks for the pool.
func (c *Conn) announcedBlocks(blocks []chainhash.Hash) {
	func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.announcements.put(p2p.Announcement{From: c.id, Blocks: blocks})
	}()
	c.on.Announced()
}

// AskAddresses asks the peer for addresses of other nodes. A dcrd node answers the first such
// request of a connection only.
func (c *Conn) AskAddresses() {
	if err := c.out.put(wire.NewMsgGetAddr()); err != nil {
		c.End(err)
	}
}

// handleAddresses adds addresses that the peer announces to the book, as many as its quota
// allows.
func (c *Conn) handleAddresses(list []addrbook.Announced) {
	if n := c.addrQuota.take(len(list), time.Now()); n > 0 {
		c.on.Addresses(list[:n])
	}
}

// handleGetInitState answers the first getinitstate with an empty initstate. A
// dcrd node asks once, drops peers that do not answer, and bans those that
// answer again.
func (c *Conn) handleGetInitState() error {
	if c.stateSent {
		return nil
	}
	c.stateSent = true
	return c.out.put(wire.NewMsgInitState())
}

// SendHeaders asks the peer to announce blocks by their headers, once.
func (c *Conn) SendHeaders() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.Live() {
		return c.cause
	}
	if c.announcing {
		return nil
	}
	c.announcing = true
	if err := c.out.put(wire.NewMsgSendHeaders()); err != nil {
		c.End(err)
		return c.cause
	}
	return nil
}

// Ping sends a ping unless one is unanswered.
func (c *Conn) Ping(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.Live() || !c.alive.sent.IsZero() {
		return
	}
	nonce := c.cfg.Rand()
	c.alive.pinged(nonce, now)
	if err := c.out.put(wire.NewMsgPing(nonce)); err != nil {
		c.End(err)
	}
}

// Doubt sends a ping, and ends the connection unless a byte arrives within a time.
func (c *Conn) Doubt(within time.Duration) {
	c.mu.Lock()
	c.alive.doubt(c.nc.own.in.Load(), time.Now(), within)
	c.mu.Unlock()
	select {
	case c.doubted <- struct{}{}:
	default: // the goroutine that pings was poked already
	}
}

// LocalAddr returns the address of our end.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// checkAlive sends a ping if one is due, and returns when to check again. Its error means
// that the peer is gone.
func (c *Conn) checkAlive(now time.Time) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alive.heard(c.nc.own.in.Load())
	what, next := c.alive.judge(now, c.nc.received(), c.nc.written())
	switch what {
	case giveUp:
		return 0, fault.New(fault.Idle, fmt.Errorf("since %v", now.Sub(c.nc.received()).Round(time.Second)))
	case sendPing:
		nonce := c.cfg.Rand()
		c.alive.pinged(nonce, now)
		return next, c.out.put(wire.NewMsgPing(nonce))
	}
	return next, nil
}
