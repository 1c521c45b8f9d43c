package e2e

import (
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/proxy"
)

// testRestart: a daemon that was stopped goes on from where it was, and learns
// what it missed.
func (s *stage) testRestart(t *testing.T) {
	n := s.newNode(t)
	m := s.newMiner(t, n)
	dir := t.TempDir()
	d := s.startDaemon(t, dir, n.Addr())
	awaitTip(t, d, n)
	stopDaemon(t, d)

	extend(t, m, 7)
	p := newProxy(t, n, nil)
	d = s.startDaemon(t, dir, p.Addr())
	awaitTip(t, d, n)
	sameChain(t, d, n, 0)
	r := readRecord(t, p, n)
	if from := r.headersAfter(); from != chainHeight {
		t.Errorf("headers after %d asked for, want them after %d", from, chainHeight)
	}
	if from := r.filtersFrom(); from != chainHeight+1 {
		t.Errorf("filters from %d on asked for, want them from %d", from, chainHeight+1)
	}
}

// testKillMidSync: a daemon that is killed in the middle of its first sync goes
// on from exactly what it had stored, and ends where it would have.
func (s *stage) testKillMidSync(t *testing.T) {
	const served = 200 // filters come by the hundred
	n := s.newNode(t)
	p := newProxy(t, n, dropFiltersAbove(t, n, served))
	dir := t.TempDir()
	d := s.startDaemon(t, dir, p.Addr())
	st, err := d.Await(deadline(t), func(s *daemon.Status) bool { return s.Stage("filters").Current == served })
	if err != nil {
		t.Fatal(err)
	}
	if st.Synced {
		t.Fatal("synced while filters are missing")
	}
	if err := d.Kill(); err != nil {
		t.Fatal(err)
	}

	again := newProxy(t, n, nil)
	d = s.startDaemon(t, dir, again.Addr())
	awaitTip(t, d, n)
	sameChain(t, d, n, 0)
	r := readRecord(t, again, n)
	if from := r.headersAfter(); from != chainHeight {
		t.Errorf("headers after %d asked for, want them after %d", from, chainHeight)
	}
	if from := r.filtersFrom(); from != served+1 {
		t.Errorf("filters from %d on asked for, want them from %d", from, served+1)
	}
}

// dropFiltersAbove returns a gate that loses the messages with a filter of a
// block above a height, in whatever order they come.
func dropFiltersAbove(t *testing.T, n *node.Node, height int64) proxy.Gate {
	t.Helper()
	below := make(map[chainhash.Hash]bool)
	for h := range height + 1 {
		hash, err := n.Hash(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		below[hash] = true
	}
	return func(f *proxy.Frame) proxy.Verdict {
		for _, block := range filtersIn(f) {
			if !below[block] {
				return proxy.Drop
			}
		}
		return proxy.Pass
	}
}

// testNodeDies: of two nodes one dies while it owes filters; the other one
// brings the sync to its end.
func (s *stage) testNodeDies(t *testing.T) {
	nodes := []*node.Node{s.newNode(t), s.newNode(t)}
	proxies := []*proxy.Proxy{
		newProxy(t, nodes[0], proxy.HoldFrom(wire.CmdCFiltersV2, 1)),
		newProxy(t, nodes[1], proxy.HoldFrom(wire.CmdCFiltersV2, 1)),
	}
	d := s.newDaemon(t, proxies[0].Addr(), proxies[1].Addr())
	awaitEither(t, proxies)
	dies, lives := 0, 1
	if proxies[0].State().Held == 0 {
		dies, lives = 1, 0
	}
	if err := nodes[dies].Kill(); err != nil {
		t.Fatal(err)
	}
	proxies[dies].Cut()
	proxies[lives].Release(nil)
	awaitTip(t, d, nodes[lives])
	sameChain(t, d, nodes[lives], 0)
	if st, err := d.Status(t.Context()); err != nil || st.Peers != 1 {
		t.Errorf("%d peers (%v), want the one that lives", st.Peers, err)
	}
}
