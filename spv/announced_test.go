package spv

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/p2p"
)

// announce has a peer announce headers messages, all at once.
func (n *fakeNet) announce(p *fakePeer, payloads ...[]byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, payload := range payloads {
		n.news = append(n.news, func(yield func(p2p.Announcement) bool) { yield(p2p.Announcement{From: p.id, Headers: payload}) })
	}
	n.poke()
}

// requests returns how often a peer was asked for headers.
func (n *fakeNet) requests(p *fakePeer) (times int) {
	asked, _ := n.told(p)
	for _, kind := range asked {
		if kind == "headers" {
			times++
		}
	}
	return times
}

// TestAnnouncementsOfAPeerKeepTheirOrder has a peer announce blocks one by one, several at
// a time. Each follows the one before, so no request for headers is needed.
func TestAnnouncementsOfAPeerKeepTheirOrder(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		p := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.pass(time.Second) // the peer has been sent sendheaders
		before := h.net.requests(p)
		for range 40 {
			c = c.Extend(8)
			h.net.change(p, func(p *fakePeer) { p.chain = c })
			var payloads [][]byte
			for at := c.Height() - 7; at <= c.Height(); at++ {
				payloads = append(payloads, headersPayload(c, at, at))
			}
			h.net.announce(p, payloads...)
			h.untilSyncedTo(time.Second, c)
		}
		if n := h.net.requests(p) - before; n != 0 {
			h.Errorf("%d needless requests for headers", n)
		}
	})
}

// TestAFloodOfAnnouncementsHoldsNothingUp has a peer announce thousands of branches of one
// header just below the tip, headers that are known, or orphans. They take few goroutines, the
// peer is reported, and a block of another peer is followed at once.
func TestAFloodOfAnnouncementsHoldsNothingUp(t *testing.T) {
	c := generate(t, 300, nil)
	foreign := c.Fork(100, 150, 99)
	for name, junk := range map[string]func(i int) []byte{
		"equal forks": func(i int) []byte {
			at := consensus.Height(295 + i%5)
			return headersPayload(c.Fork(at-1, 1, uint64(1000+i)), at, at)
		},
		"known headers": func(i int) []byte { return headersPayload(c, consensus.Height(1+i%200), consensus.Height(1+i%200)) },
		"orphans":       func(i int) []byte { at := consensus.Height(110 + i%140); return headersPayload(foreign, at, at) },
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, c, nil, func(h *house) {
				bad := h.net.join(&fakePeer{chain: c, latency: latency})
				good := h.net.join(&fakePeer{chain: c, latency: latency})
				h.start()
				h.untilSyncedTo(time.Minute, c)
				h.pass(time.Second)
				const burst, bursts = 500, 60
				payloads := make([][]byte, burst)
				for i := range payloads {
					payloads[i] = junk(i)
				}
				most, tip := 0, c
				for i := range bursts {
					h.net.announce(bad, payloads...)
					h.net.sample(func() { most = max(most, runtime.NumGoroutine()) })
					if i == bursts/2 {
						tip = tip.Extend(1)
						h.net.change(bad, func(p *fakePeer) { p.chain = tip })
						h.net.extend(good, tip)
						h.untilSyncedTo(latency+time.Millisecond, tip)
					}
					synctest.Wait()
				}
				if most > 100 {
					h.Errorf("%d goroutines", most)
				}
				h.net.mu.Lock()
				defer h.net.mu.Unlock()
				if n := len(h.net.useless[bad.id]); n < 4 {
					h.Errorf("the peer was reported %d times", n)
				}
				if n := len(h.net.useless[good.id]); n != 0 {
					h.Errorf("the other peer was reported: %v", h.net.useless[good.id])
				}
			})
		})
	}
}

// sample calls a function after the news so far was taken.
func (n *fakeNet) sample(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.news = append(n.news, func(func(p2p.Announcement) bool) { f() })
	n.poke()
}

// TestHonestAnnouncementsAreNotReported has two peers announce the same thousands of
// blocks, one of them always later than the other, and short branches that lose.
func TestHonestAnnouncementsAreNotReported(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		first := h.net.join(&fakePeer{chain: c, latency: latency})
		second := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.pass(time.Second)
		for i := range 60 {
			from := c.Height() + 1
			c = c.Extend(50)
			for _, p := range []*fakePeer{first, second} {
				h.net.change(p, func(p *fakePeer) { p.chain = c })
				for at := from; at <= c.Height(); at++ {
					h.net.announce(p, headersPayload(c, at, at))
				}
				synctest.Wait()
			}
			stale := c.Fork(c.Height()-2, 2, uint64(i+5))
			h.net.announce(second, headersPayload(stale, c.Height()-1, c.Height()))
			h.untilSyncedTo(time.Second, c)
		}
		if len(h.net.useless) != 0 {
			h.Errorf("reported: %v", h.net.useless)
		}
	})
}

// TestInventoriesAreAnsweredByOneRequest has a peer announce the hashes of unknown blocks
// over and over. While a request for its headers is to be made or on its way, no more than one
// is added, and the peer is reported in the end.
func TestInventoriesAreAnsweredByOneRequest(t *testing.T) {
	c := generate(t, 300, testnet.Plan{})
	inHouse(t, c, nil, func(h *house) {
		p := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.pass(time.Second)
		before := h.net.requests(p)
		for range 3 * headersync.MaxIdle {
			h.net.announceUnknown(p)
		}
		h.pass(time.Second)
		if n := h.net.requests(p) - before; n < 1 || n > 2 {
			h.Errorf("%d requests for headers", n)
		}
		if len(h.net.useless[p.id]) == 0 {
			h.Error("the peer was not reported")
		}
	})
}
