package e2e

import (
	"fmt"
	"testing"
)

// testSyncFromZero: a daemon that knows nothing gets to the node's tip, and has
// every header and every filter as the node has them.
func (s *stage) testSyncFromZero(t *testing.T) {
	n := s.newNode(t)
	d := s.newDaemon(t, n.Addr())
	st := awaitTip(t, d, n)
	if st.Ratio != 1 || st.Peers != 1 || st.Phase != "following" {
		t.Errorf("synced, with ratio %v, %d peers, phase %s, want 1, 1 and following", st.Ratio, st.Peers, st.Phase)
	}
	sameChain(t, d, n, 0)
	if line := fmt.Sprintf("Synced at height %d", chainHeight); !logged(d, line) {
		t.Errorf("no line with %q in the log", line)
	}
}

// testFollow: new blocks are followed one by one, with their filters.
func (s *stage) testFollow(t *testing.T) {
	n := s.newNode(t)
	m := s.newMiner(t, n)
	d := s.newDaemon(t, n.Addr())
	awaitTip(t, d, n)
	for range 5 {
		extend(t, m, 1)
		awaitTip(t, d, n)
	}
	extend(t, m, 20)
	if st := awaitTip(t, d, n); st.LastReorg != nil {
		t.Errorf("a reorganisation of %d blocks where there was none", st.LastReorg.Depth)
	}
	sameChain(t, d, n, chainHeight)
}

// testReorganise: the node leaves three blocks for four others, and so does the
// daemon.
func (s *stage) testReorganise(t *testing.T) {
	a, b := s.newNode(t), s.newNode(t)
	minerA, minerB := s.newMiner(t, a), s.newMiner(t, b)
	d := s.newDaemon(t, a.Addr())
	extend(t, minerA, 3)
	awaitTip(t, d, a)
	extend(t, minerB, 4)
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, a, b)
	st := awaitTip(t, d, b)
	if st.LastReorg == nil {
		t.Fatal("no reorganisation in the status")
	}
	if st.LastReorg.Depth != 3 || st.LastReorg.Fork.Height != chainHeight {
		t.Errorf("a reorganisation of %d blocks above %d, want 3 above %d",
			st.LastReorg.Depth, st.LastReorg.Fork.Height, chainHeight)
	}
	sameChain(t, d, b, chainHeight-3)
	extend(t, minerA, 1)
	awaitTip(t, d, a)
}
