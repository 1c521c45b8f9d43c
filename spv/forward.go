package spv

import (
	"context"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Forward publishes a transaction that a light client has sent: it is offered to peers as those
// of Publish are, to one first, as soon as the syncer follows the chain. What it proves is as
// little as with one that a peer has relayed. So the wallet hears it from the source, which is
// the host of the client, and decides whether to keep it; it is never one that the wallet itself
// publishes. It is kept in memory only, and offered for a day at most. One that is being
// published already changes nothing. The error is ErrRejected, ErrTooMany, or the cause of the end
// of ctx.
func (s *Syncer) Forward(ctx context.Context, tx *wire.MsgTx, source string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := s.judge(tx); err != nil {
		return err
	}
	return s.publications.forward(Publication{Hash: tx.TxHash(), Tx: tx, Source: source, Since: time.Now()})
}

// Published returns a transaction that is being published, by a user here or for a light client,
// or nil. It must not be changed.
func (s *Syncer) Published(hash chainhash.Hash) *wire.MsgTx {
	p, _ := s.publications.get(hash)
	if p.Tx == nil || p.Outcome.final() {
		return nil
	}
	return p.Tx
}

// forward queues a transaction of a light client, unless it is being published already.
func (p *publications) forward(pub Publication) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, ok := p.all[pub.Hash]; ok && !old.Outcome.final() {
		return nil
	}
	n := 0
	for _, other := range p.all {
		if other.Source != "" && !other.Outcome.final() {
			n++
		}
	}
	if n >= maxForwarded {
		return ErrTooMany
	}
	p.addLocked(pub)
	return nil
}
