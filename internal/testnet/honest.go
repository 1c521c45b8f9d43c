package testnet

import (
	"context"
	"net"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// Honest behaves as a dcrd that has all blocks of its chain.
type Honest struct{}

// Version claims the height of the chain.
func (Honest) Version(_ context.Context, s *Session) *wire.MsgVersion {
	return &wire.MsgVersion{
		ProtocolVersion: int32(s.node.cfg.Protocol),
		Services:        wire.SFNodeNetwork,
		Timestamp:       time.Now(),
		Nonce:           s.nonce,
		UserAgent:       s.node.cfg.UserAgent,
		LastBlock:       int32(s.Chain().Height()),
	}
}

// Headers returns the headers after the first locator hash on the node's chain, or else the
// genesis block, up to the stop block. Without a locator it returns that of the stop block. A
// node whose chain has too little work returns none.
func (Honest) Headers(s *Session, locator []*chainhash.Hash, stop *chainhash.Hash) []Message {
	c := s.Chain()
	if c.Params().ChainParams.MinKnownChainWork != nil && !consensus.EnoughWork(c.Params(), c.Work()) {
		return []Message{c.Headers(1, 0)}
	}
	if len(locator) == 0 {
		if c, h, ok := s.node.find(stop); ok {
			return []Message{c.Headers(h, h)}
		}
		return []Message{c.Headers(1, 0)}
	}
	return headersOf(c, locator, stop)
}

// headersOf returns the headers of a chain that follow the first block of a locator that
// is on it, or else the genesis block, up to the stop block.
func headersOf(c *Chain, locator []*chainhash.Hash, stop *chainhash.Hash) []Message {
	from := consensus.Height(1)
	for _, hash := range locator {
		if h, ok := c.Find(hash); ok {
			from = h + 1
			break
		}
	}
	to := min(c.Height(), from+wire.MaxBlockHeadersPerMsg-1)
	if h, ok := c.Find(stop); ok && h >= from {
		to = min(to, h)
	}
	return []Message{c.Headers(from, to)}
}

// CFilters returns filters of blocks that were ever part of the node's best chain, and is
// silent about others.
func (Honest) CFilters(s *Session, start, end *chainhash.Hash) []Message {
	c, to, ok := s.node.find(end)
	if !ok {
		return nil
	}
	from, ok := c.Find(start)
	if !ok || from > to || to-from >= wire.MaxCFiltersV2PerBatch {
		return nil
	}
	return []Message{c.CFilters(from, to)}
}

// Block returns blocks that were ever part of the node's best chain.
func (Honest) Block(s *Session, hash *chainhash.Hash) ([]Message, bool) {
	c, h, ok := s.node.find(hash)
	if !ok {
		return nil, false
	}
	return []Message{Encode(c.Block(h), s.pver)}, true
}

// currentWithin is how many new blocks at once a node announces. With more it was not current
// and announces the last one only.
const currentWithin = 64

// Announce announces each new block: by its header if the client has sent sendheaders, else
// by inventory. After a reorganisation it announces the blocks of the new branch only.
func (Honest) Announce(s *Session, news News) []Message {
	c := news.New
	from := c.ForkOf(news.Old) + 1
	if c.Height()-from >= currentWithin {
		from = c.Height()
	}
	var told []Message
	for h := from; h <= c.Height(); h++ {
		if s.wantsHeaders.Load() {
			told = append(told, c.Headers(h, h))
			continue
		}
		inv := wire.NewMsgInv()
		hash := c.ID(h).Hash
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeBlock, &hash))
		told = append(told, Encode(inv, s.pver))
	}
	return told
}

// Send writes the message.
func (Honest) Send(_ context.Context, s *Session, m Message) error {
	return s.Write(append(net.Buffers{m.Head(s.node.params.ChainParams.Net)}, m.Payload...))
}
