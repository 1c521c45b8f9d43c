package serve

import (
	"container/list"
	"context"
	"sync"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// blockCache keeps the blocks that were served last, serialized, within a number of bytes. A block
// that several clients ask for at once is fetched once. Any goroutine may call its methods.
type blockCache struct {
	most  int           // bytes
	slots chan struct{} // one for each block that is being fetched

	mu      sync.Mutex // guards what follows, held for a moment
	size    int        // bytes
	order   *list.List // of *cachedBlock, the one used last in front
	blocks  map[chainhash.Hash]*list.Element
	flights map[chainhash.Hash]*flight
}

type cachedBlock struct {
	hash chainhash.Hash
	msg  *message
}

// flight is a block that is being fetched.
type flight struct {
	done chan struct{} // closed when msg and err are set
	msg  *message
	err  error
}

func newBlockCache(most, fetches int) *blockCache {
	return &blockCache{
		most: most, slots: make(chan struct{}, fetches), order: list.New(),
		blocks: make(map[chainhash.Hash]*list.Element), flights: make(map[chainhash.Hash]*flight),
	}
}

// get returns a block that is in the cache, or nil.
func (c *blockCache) get(hash chainhash.Hash) *message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.getLocked(hash)
}

func (c *blockCache) getLocked(hash chainhash.Hash) *message {
	e := c.blocks[hash]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedBlock).msg
}

// fetch returns a block from the cache, from a fetch of it that is on its way, or by calling get
// when there is a slot for it. A call that waits for the fetch of another client fetches the block
// itself if that client gives up.
func (c *blockCache) fetch(ctx context.Context, hash chainhash.Hash, get func(ctx context.Context) (*message, error)) (*message, error) {
	for {
		msg, f, ours := c.join(hash)
		switch {
		case msg != nil:
			return msg, nil
		case ours:
			f.msg, f.err = c.inSlot(ctx, get)
			c.land(hash, f)
			return f.msg, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if f.err == nil {
			return f.msg, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// inSlot calls get when fewer blocks are fetched than may be.
func (c *blockCache) inSlot(ctx context.Context, get func(ctx context.Context) (*message, error)) (*message, error) {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-c.slots }()
	return get(ctx)
}

// join returns a block that is in the cache, or the fetch of it that is on its way, or begins one,
// which is then ours.
func (c *blockCache) join(hash chainhash.Hash) (msg *message, f *flight, ours bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if msg := c.getLocked(hash); msg != nil {
		return msg, nil, false
	}
	if f := c.flights[hash]; f != nil {
		return nil, f, false
	}
	f = &flight{done: make(chan struct{})}
	c.flights[hash] = f
	return nil, f, true
}

// land ends a fetch and keeps its block, in the place of those that were used longest ago.
func (c *blockCache) land(hash chainhash.Hash, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, hash)
	close(f.done)
	if f.err != nil || f.msg.size() > c.most {
		return
	}
	c.blocks[hash] = c.order.PushFront(&cachedBlock{hash, f.msg})
	c.size += f.msg.size()
	for c.size > c.most {
		old := c.order.Remove(c.order.Back()).(*cachedBlock)
		delete(c.blocks, old.hash)
		c.size -= old.msg.size()
	}
}

// held returns how many bytes of blocks are kept.
func (c *blockCache) held() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}
