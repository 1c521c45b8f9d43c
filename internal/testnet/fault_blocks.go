package testnet

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
)

// WithholdsBlocks answers every request for a block with notfound.
type WithholdsBlocks struct{ Honest }

// Block returns no block.
func (WithholdsBlocks) Block(s *Session, _ *chainhash.Hash) ([]Message, bool) {
	s.Misdeed()
	return nil, false
}

// IgnoresBlocks says nothing when it is asked for a block.
type IgnoresBlocks struct{ Honest }

// Block is silent.
func (IgnoresBlocks) Block(s *Session, _ *chainhash.Hash) ([]Message, bool) {
	s.Misdeed()
	return nil, true
}

// ChangesBlocks sends blocks with the right header and other transactions.
type ChangesBlocks struct{ Honest }

// Block makes the first transaction pay another amount.
func (f ChangesBlocks) Block(s *Session, hash *chainhash.Hash) ([]Message, bool) {
	answer, ok := f.Honest.Block(s, hash)
	for i, m := range answer {
		var b wire.MsgBlock
		m.Decode(&b, s.pver)
		s.Misdeed()
		b.Transactions[0].TxOut[0].Value++
		answer[i] = Encode(&b, s.pver)
	}
	return answer, ok
}

// ChangesBlocksLate is ChangesBlocks with replies that arrive after other peers have
// answered.
type ChangesBlocksLate struct{ ChangesBlocks }

// Send waits before it sends a block.
func (f ChangesBlocksLate) Send(ctx context.Context, s *Session, m Message) error {
	if m.Command == wire.CmdBlock {
		if err := wait.For(ctx, lateBy); err != nil {
			return err
		}
	}
	return f.Honest.Send(ctx, s, m)
}

// SwapsBlocks sends the next block of the chain instead of the requested one.
type SwapsBlocks struct{ Honest }

// Block returns the next block.
func (f SwapsBlocks) Block(s *Session, hash *chainhash.Hash) ([]Message, bool) {
	c := s.Chain()
	h, ok := c.Find(hash)
	if !ok {
		return nil, false
	}
	s.Misdeed()
	other := c.ID((h + 1) % (c.Height() + 1))
	return f.Honest.Block(s, &other.Hash)
}
