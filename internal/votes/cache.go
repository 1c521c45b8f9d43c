package votes

import (
	"bytes"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// Bounds of what a Verifier remembers.
const (
	ticketBlocksKept = 64    // blocks that tickets were bought in
	blocksRemembered = 2_048 // verified blocks whose tickets must not vote once more
)

// stakeTx is what is kept of a stake transaction.
type stakeTx struct {
	hash   chainhash.Hash
	ticket bool       // it is a ticket purchase
	out    wire.TxOut // the output of a ticket with the voting script
}

// TicketBlock is what is needed of a block that tickets were bought in: a small part.
type TicketBlock struct {
	ID  consensus.BlockID
	txs []stakeTx // in the order of the stake tree
}

// NewTicketBlock makes one. It keeps nothing of the block.
func NewTicketBlock(b *wire.MsgBlock) *TicketBlock {
	t := &TicketBlock{ID: idOf(b), txs: make([]stakeTx, len(b.STransactions))}
	for i, tx := range b.STransactions {
		t.txs[i].hash = tx.TxHash()
		if t.txs[i].ticket = stake.IsSStx(tx); t.txs[i].ticket {
			t.txs[i].out = *tx.TxOut[0]
			t.txs[i].out.PkScript = bytes.Clone(tx.TxOut[0].PkScript)
		}
	}
	return t
}

// ticketBlocks keeps what is needed of the blocks used last.
type ticketBlocks struct {
	order  []consensus.Height // oldest use first
	blocks map[consensus.Height]*TicketBlock
}

func (c *ticketBlocks) get(h consensus.Height) (*TicketBlock, bool) {
	b, ok := c.blocks[h]
	if ok {
		c.touch(h)
	}
	return b, ok
}

func (c *ticketBlocks) put(h consensus.Height, b *TicketBlock) {
	if c.blocks == nil {
		c.blocks = make(map[consensus.Height]*TicketBlock)
	}
	c.blocks[h] = b
	c.touch(h)
	if len(c.order) > ticketBlocksKept {
		delete(c.blocks, c.order[0])
		c.order = c.order[1:]
	}
}

// touch makes a height the one used last.
func (c *ticketBlocks) touch(h consensus.Height) {
	for i, other := range c.order {
		if other == h {
			c.order = append(c.order[:i:i], c.order[i+1:]...)
			break
		}
	}
	c.order = append(c.order, h)
}

// drop forgets the blocks from a height on: they may have left the main chain.
func (c *ticketBlocks) drop(from consensus.Height) {
	kept := c.order[:0:0]
	for _, h := range c.order {
		if h < from {
			kept = append(kept, h)
			continue
		}
		delete(c.blocks, h)
	}
	c.order = kept
}

// spentTickets remembers the tickets that voted in the blocks verified last.
type spentTickets struct {
	blocks map[chainhash.Hash][]chainhash.Hash  // tickets by the block of the votes
	order  []consensus.BlockID                  // of those blocks, oldest first
	by     map[chainhash.Hash]consensus.BlockID // the block of the votes by ticket
}

// votedElsewhere returns whether a ticket has a verified vote in another block.
func (s *spentTickets) votedElsewhere(ticket chainhash.Hash, in consensus.BlockID) bool {
	by, ok := s.by[ticket]
	return ok && by != in
}

// add remembers the tickets of a block. A ticket of a block that was verified before
// stays with that block.
func (s *spentTickets) add(id consensus.BlockID, tickets []chainhash.Hash) {
	if s.blocks == nil {
		s.blocks, s.by = make(map[chainhash.Hash][]chainhash.Hash), make(map[chainhash.Hash]consensus.BlockID)
	}
	if _, known := s.blocks[id.Hash]; known {
		return
	}
	s.blocks[id.Hash] = tickets
	s.order = append(s.order, id)
	for _, ticket := range tickets {
		s.by[ticket] = id
	}
	if len(s.order) > blocksRemembered {
		s.forget(s.order[0])
		s.order = s.order[1:]
	}
}

// drop forgets the blocks from a height on.
func (s *spentTickets) drop(from consensus.Height) {
	kept := s.order[:0:0]
	for _, id := range s.order {
		if id.Height < from {
			kept = append(kept, id)
			continue
		}
		s.forget(id)
	}
	s.order = kept
}

func (s *spentTickets) forget(id consensus.BlockID) {
	for _, ticket := range s.blocks[id.Hash] {
		delete(s.by, ticket)
	}
	delete(s.blocks, id.Hash)
}
