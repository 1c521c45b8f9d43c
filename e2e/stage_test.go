package e2e

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/refwallet"
	"github.com/spvd/spvd/e2e/seedwallet"
)

// chainHeight is the height of the chain that the tests begin with: so many
// filters that they take several messages, and about half of its blocks voted.
const chainHeight = 330

// stopTime bounds how long a node may take to stop.
const stopTime = 20 * time.Second

// stage is what all tests share: programs and a chain, on disk.
type stage struct {
	programs  daemon.Programs
	dcrd      string      // the program
	reference string      // the program dcrwallet
	dex       string      // the program dexclient
	seeds     string      // the program seedwallet
	chain     string      // the data directory of a node that has the chain
	count     miner.Count // what the chain holds
}

// setStage builds the programs, and mines the chain while the other programs than the node are
// built.
func setStage(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	s := &stage{chain: filepath.Join(dir, "chain")}
	var err error
	if s.dcrd, err = node.Build(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	var others sync.WaitGroup
	defer others.Wait()
	var failed error
	others.Go(func() { failed = s.buildOthers(t.Context(), dir) })
	n := s.startNode(t, s.chain)
	s.count, err = s.newMiner(t, n).Mine(t.Context(), chainHeight)
	if err != nil {
		t.Fatalf("%v\n%s", err, n.Output())
	}
	if err := stopNode(n); err != nil {
		t.Fatal(err)
	}
	if others.Wait(); failed != nil {
		t.Fatal(failed)
	}
	return s
}

// buildOthers builds all programs but the node.
func (s *stage) buildOthers(ctx context.Context, dir string) (err error) {
	if s.programs, err = daemon.Build(ctx, "..", dir); err != nil {
		return err
	}
	if s.reference, err = refwallet.Build(ctx, ".", dir); err != nil {
		return err
	}
	if s.seeds, err = seedwallet.Build(ctx, "..", dir); err != nil {
		return err
	}
	s.dex, err = buildDex(ctx, dir)
	return err
}

// newNode starts a node that has the chain.
func (s *stage) newNode(t *testing.T) *node.Node {
	t.Helper()
	return s.startNode(t, s.copyChain(t))
}

// copyChain returns the directory of a node that has the chain.
func (s *stage) copyChain(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "data"), os.DirFS(filepath.Join(s.chain, "data"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startNode starts a node on a directory and stops it when the test ends. Its
// blocks pay the miners.
func (s *stage) startNode(t *testing.T, dir string) *node.Node {
	t.Helper()
	addr, err := miner.Address()
	if err != nil {
		t.Fatal(err)
	}
	return s.startNodeFor(t, dir, addr)
}

// startNodeFor does the same, with blocks that pay an address.
func (s *stage) startNodeFor(t *testing.T, dir, addr string) *node.Node {
	t.Helper()
	n, err := node.Start(t.Context(), node.Config{Program: s.dcrd, Dir: dir, MiningAddress: addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopNode(n); err != nil {
			t.Error(err)
		}
	})
	return n
}

// stopNode stops a node in order.
func stopNode(n *node.Node) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	return n.Stop(ctx)
}

// newMiner connects a miner to a node. It votes with the keys of others too.
func (s *stage) newMiner(t *testing.T, n *node.Node, voters ...[]byte) *miner.Miner {
	t.Helper()
	m, err := miner.New(t.Context(), miner.Config{Node: n, Payments: 3, Voters: voters})
	if err != nil {
		t.Fatalf("%v\n%s", err, n.Output())
	}
	t.Cleanup(m.Close)
	return m
}
