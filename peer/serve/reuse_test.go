package serve

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// TestAnswersStayWhole: clients that ask for ranges of all lengths at the same time get what the
// chain holds, with checksums that package wire compares, also when memory is used again and
// checksums are remembered, forgotten and remembered again.
func TestAnswersStayWhole(t *testing.T) {
	served(t, 2500, func(w *world) {
		w.server.sums.most = 10
		var wg sync.WaitGroup
		for i := range 4 {
			c := w.join(fmt.Sprintf("192.0.2.%d", 10+i))
			rnd := rand.New(rand.NewPCG(1, uint64(i)))
			wg.Go(func() {
				for range 60 {
					from := 1 + consensus.Height(rnd.IntN(2400))
					n := consensus.Height(1 + rnd.IntN(100))
					if rnd.IntN(2) == 0 { // as others ask, too
						from, n = from/200*200+1, 100
					}
					c.checkRange(w, from, min(from+n-1, w.chain.Height()), rnd.IntN(2) == 0)
				}
			})
		}
		wg.Wait()
		if n := len(w.server.sums.known); n != 10 {
			t.Errorf("%d checksums are remembered, want 10", n)
		}
	})
}

// checkRange asks for the headers and the filters of a range. With all it asks for as many headers
// as there are after its first block.
func (c *lightClient) checkRange(w *world, from, to consensus.Height, all bool) {
	c.Helper()
	last := to
	stop := w.chain.ID(to).Hash
	if all {
		last, stop = min(from+wire.MaxBlockHeadersPerMsg-1, w.chain.Height()), chainhash.Hash{}
	}
	headers := c.headersAfter(stop, w.chain.ID(from-1).Hash)
	if len(headers) != int(last-from)+1 {
		c.Errorf("%d headers for %d-%d", len(headers), from, last)
		return
	}
	for i, h := range headers {
		if id := w.chain.ID(from + consensus.Height(i)); h.BlockHash() != id.Hash {
			c.Errorf("header %v is %v", id, h.BlockHash())
		}
	}
	start, end := w.chain.ID(from).Hash, w.chain.ID(to).Hash
	c.send(wire.NewMsgGetCFsV2(&start, &end))
	m, ok := c.next().(*wire.MsgCFiltersV2)
	if !ok || len(m.CFilters) != int(to-from)+1 {
		c.Errorf("filters %d-%d: got %T", from, to, m)
		return
	}
	for i := range m.CFilters {
		f, h := &m.CFilters[i], from+consensus.Height(i)
		if f.BlockHash != w.chain.ID(h).Hash || !bytes.Equal(f.Data, w.chain.Filter(h)) {
			c.Errorf("filter %d is wrong", h)
		}
	}
}

// TestUnreadAnswersAreSmall: a client that asks for single headers and filters out of many, and
// reads nothing, has the server hold no more memory than twice what waits, and a little for each
// answer.
func TestUnreadAnswersAreSmall(t *testing.T) {
	served(t, 2500, func(w *world) {
		warm := w.join("192.0.2.8")
		warm.checkRange(w, 1, 100, true) // large buffers to be used again
		c := w.join("192.0.2.9")
		first, one := w.chain.ID(1).Hash, w.chain.ID(2).Hash
		headers := wire.NewMsgGetHeaders()
		headers.BlockLocatorHashes, headers.HashStop = pointers(first), one
		for range 100 {
			c.send(headers)
			c.send(wire.NewMsgGetCFsV2(&one, &one))
			synctest.Wait()
		}
		for _, s := range w.server.snapshot() {
			s.out.mu.Lock()
			size, held := 0, 0
			for _, m := range s.out.waiting {
				size, held = size+m.size(), held+cap(m.payload)
			}
			n := len(s.out.waiting)
			s.out.mu.Unlock()
			if most := 2*size + n*slack; held > most {
				t.Errorf("%d messages of %d bytes that wait hold %d bytes, want at most %d", n, size, held, most)
			}
		}
	})
}
