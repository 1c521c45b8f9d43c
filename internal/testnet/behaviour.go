package testnet

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Behaviour decides which messages a node sends: [Honest] does as dcrd, and a fault overrides
// one method of it. One value serves all sessions of its node, on several goroutines.
type Behaviour interface {
	// Version returns the version message of the node. It may wait first.
	Version(ctx context.Context, s *Session) *wire.MsgVersion

	// Headers answers getheaders. No message means silence.
	Headers(s *Session, locator []*chainhash.Hash, stop *chainhash.Hash) []Message

	// CFilters answers getcfsv2. No message means silence.
	CFilters(s *Session, start, end *chainhash.Hash) []Message

	// Block answers a getdata for a block. It returns false if the node does not have the
	// block, which is answered with notfound; no message and true means silence.
	Block(s *Session, hash *chainhash.Hash) ([]Message, bool)

	// Announce announces blocks that became the best chain of the node.
	Announce(s *Session, news News) []Message

	// Send writes a message. An error ends the session.
	Send(ctx context.Context, s *Session, m Message) error
}

// News is a change of a node's best chain.
type News struct{ Old, New *Chain }
