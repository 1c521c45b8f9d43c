package e2e

import (
	"testing"

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
	n := s.newNode(t)
	p := newProxy(t, n, proxy.HoldFrom(wire.CmdCFiltersV2, 3))
	dir := t.TempDir()
	d := s.startDaemon(t, dir, p.Addr())
	awaitHeld(t, p)
	st, err := d.Await(deadline(t), func(s *daemon.Status) bool { return s.Stage("filters").Current > 0 })
	if err != nil {
		t.Fatal(err)
	}
	stored := st.Stage("filters").Current
	if st.Synced || stored >= chainHeight {
		t.Fatalf("synced %v with %d filters while some are held back", st.Synced, stored)
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
	if from := r.filtersFrom(); from != stored+1 {
		t.Errorf("filters from %d on asked for, want them from %d", from, stored+1)
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
