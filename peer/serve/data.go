package serve

import (
	"context"
	"sync"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
)

// promise is the answer to one item of getdata, which follows.
type promise struct {
	item wire.InvVect
	last bool          // the last item of its message
	done chan struct{} // closed when msg is set
	msg  *message      // nil if the item was not found
}

// getData queues the items that the client asks for. They are answered in order, while other
// messages are handled.
func (s *session) getData(payload []byte) error {
	items, err := inventoryOf(wire.CmdGetData, payload)
	if err != nil {
		return err
	}
	if !s.srv.sources.queue(s.src, len(items)) {
		s.srv.sources.queue(s.src, -len(items))
		return faultf("more than %d blocks and transactions asked for at a time", s.srv.sources.limits.waiting)
	}
	s.waiting.Add(int64(len(items)))
	s.asked.add(items)
	return nil
}

// served counts items that no longer wait.
func (s *session) served(items int64) {
	s.waiting.Add(-items)
	s.srv.sources.queue(s.src, -int(items))
}

// fetch looks for what the client asks for, a few items ahead of what is sent, until ctx ends.
func (s *session) fetch(ctx context.Context, ordered chan<- *promise) error {
	var fetching sync.WaitGroup
	defer fetching.Wait()
	for {
		items, err := s.asked.take(ctx)
		if err != nil {
			return err
		}
		for i := range items {
			p := &promise{item: items[i], last: i == len(items)-1, done: make(chan struct{})}
			select {
			case ordered <- p:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			began := time.Now()
			fetches := s.begin(p)
			if err := s.work(ctx, time.Since(began)+messageCost); err != nil {
				return err
			}
			if fetches {
				fetching.Go(func() {
					defer close(p.done)
					p.msg = s.block(ctx, p.item.Hash)
				})
			}
		}
	}
}

// begin answers an item at once, or reports that it is a block to be fetched.
func (s *session) begin(p *promise) (fetches bool) {
	switch p.item.Type {
	case wire.InvTypeTx:
		if tx := s.srv.cfg.Network.Published(p.item.Hash); tx != nil {
			p.msg, _ = encode(s.srv.cfg.Params.Net, protocolVersion, tx) // what was decoded can be encoded
		}
	case wire.InvTypeBlock:
		if p.msg = s.srv.cache.get(p.item.Hash); p.msg != nil {
			break
		}
		if s.onChain(p.item.Hash) {
			return true
		}
	}
	close(p.done)
	return false
}

// onChain reports whether the chain has a block. That costs little for any hash.
func (s *session) onChain(hash chainhash.Hash) bool {
	chain, err := s.srv.cfg.Chain()
	if err != nil {
		return false
	}
	n, err := chain.HeadersAfter(nil, hash, 1, func(*consensus.Header) {})
	return err == nil && n == 1
}

// block returns a block of the chain from the cache or the network, or nil.
func (s *session) block(ctx context.Context, hash chainhash.Hash) *message {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	m, err := s.srv.cache.fetch(ctx, hash, func(ctx context.Context) (*message, error) {
		if err := wait.For(ctx, s.srv.sources.useBlock(s.src, time.Now())); err != nil {
			s.srv.sources.returnBlock(s.src)
			return nil, err
		}
		block, err := s.srv.cfg.Network.Block(ctx, hash)
		if err != nil {
			return nil, err
		}
		s.srv.fetched.Add(1)
		return encode(s.srv.cfg.Params.Net, protocolVersion, block)
	})
	if err != nil {
		s.log.Debug("Block not served", "block", hash, "err", err)
	}
	return m
}

// send answers items in order as they are found, and each getdata message with one notfound for
// those that were not.
func (s *session) send(ctx context.Context, ordered <-chan *promise) error {
	var missing []wire.InvVect
	for {
		var p *promise
		select {
		case p = <-ordered:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		select {
		case <-p.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		s.served(1)
		var answers []*message
		switch {
		case p.msg == nil:
			missing = append(missing, p.item)
		default:
			answers = append(answers, p.msg)
			if p.item.Type == wire.InvTypeBlock {
				s.blocks.Add(1)
				s.srv.blocks.Add(1)
			}
		}
		if p.last && len(missing) > 0 {
			answers = append(answers, inventory(s.srv.cfg.Params.Net, wire.CmdNotFound, missing))
			missing = nil
		}
		if len(answers) == 0 {
			continue
		}
		if err := s.out.put(ctx, answers...); err != nil {
			return err
		}
	}
}
