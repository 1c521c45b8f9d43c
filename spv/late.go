package spv

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// proveLate starts a job that proves the next late reply, unless one does already: replies that
// arrived after another peer had answered are judged as all others, without holding up what is
// needed. Those of a chain that was left are dropped. The error is that of the store.
func (l *loop) proveLate() (err error) {
	for err == nil && l.proving+l.headers.Proving()+l.filters.Proving() == 0 {
		late, ok := l.cfg.Peers.TakeLate()
		if !ok {
			break
		}
		switch late.Kind {
		case p2p.Headers:
			l.headers.ProveLate(late.From, late.Locator, late.Payload)
		case p2p.CFilters:
			err = l.filters.ProveLate(late.From, late.First, late.Last, late.Payload)
		case p2p.Block:
			l.proveLateBlock(late.From, late.First, late.Payload)
		}
	}
	return err
}

// proveLateBlock starts a job that checks a block that arrived late against its header on the main
// chain.
func (l *loop) proveLateBlock(id p2p.PeerID, hash chainhash.Hash, payload []byte) {
	l.proving++
	reader := l.store.Reader
	l.jobs.Do(func(context.Context) jobs.Result {
		l.syncer.blocks.ProveLate(reader, id, hash, payload)
		return func() error {
			l.proving--
			return nil
		}
	})
}
