package e2e

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/proc"
)

var (
	deepFork = flag.Bool("deepfork", false,
		"run TestDeepForkIsLeft, which mines more than 2,000 blocks of a real node first")
	deepForkNode = flag.String("deepforknode", "",
		"directory of the node of TestDeepForkIsLeft, kept between runs; empty: a temporary one")
	deepForkSource = flag.String("deepforksource", "..",
		"source tree of the spvd that TestDeepForkIsLeft tests")
)

// The chains of TestDeepForkIsLeft. A headers message has 2,000 headers at most, so that
// the node's first reply to a locator that names no block between the genesis block
// and the fork but its own has known headers only.
const (
	deepShared = 2060 // the last common block
	deepEarly  = 90   // blocks of the node above it, whose difficulty doubles every seven
	deepBranch = 5000 // blocks of the hostile node above it, of the least difficulty
)

// deepLeaveTime is how long a daemon may follow the hostile branch after the real node has
// been added.
const deepLeaveTime = 5 * time.Second

// TestDeepForkIsLeft: a daemon that follows a hostile branch of 5,000 blocks is on the
// chain of a real node, which has fewer blocks and more work, within five seconds after
// that node has been added. The fork lies deeper in the past of both than one headers
// message reaches.
func TestDeepForkIsLeft(t *testing.T) {
	if !*deepFork {
		t.Skip("takes minutes: run make deepfork")
	}
	s := &stage{}
	n, prefix := s.setDeepFork(t)
	best, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hostile := s.startHostile(t, prefix)

	d := s.newDaemon(t, hostile)
	const branchTip = deepShared + deepBranch
	st, err := d.Await(minutes(t, 2), func(s *daemon.Status) bool {
		return s.Synced && s.Tip.Height == branchTip
	})
	if err != nil {
		t.Fatalf("to the tip of the hostile branch, alone with it: %v", err)
	}
	if st.Peers != 1 {
		t.Fatalf("%d peers, want the hostile one only", st.Peers)
	}
	t.Logf("synced at %d, the tip of the hostile branch", st.Tip.Height)

	began := time.Now()
	if err := d.Call(t.Context(), "addnode", nil, n.Addr(), "add"); err != nil {
		t.Fatal(err)
	}
	_, err = d.Await(minutes(t, 1), func(s *daemon.Status) bool {
		return s.Tip.Hash == best.Hash.String()
	})
	took := time.Since(began)
	if err != nil {
		t.Fatalf("to leave the hostile branch of %d blocks for block %d of the real node: %v",
			deepBranch, best.Height, err)
	}
	t.Logf("left a branch of %d blocks for %d blocks with more work in %v",
		deepBranch, best.Height-deepShared, took)
	if took > deepLeaveTime {
		t.Errorf("left the hostile branch %v after the real node was added, want at most %v",
			took, deepLeaveTime)
	}
	awaitTip(t, d, n)
	t.Logf("synced at %d after %v", best.Height, time.Since(began))
	sameChain(t, d, n, deepShared-1)
}

// minutes returns a context for a long wait.
func minutes(t *testing.T, n int) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// setDeepFork builds the programs and starts a node with the real chain. It returns the
// node and the path of the blocks that the branches share.
func (s *stage) setDeepFork(t *testing.T) (n *node.Node, prefix string) {
	t.Helper()
	dir := t.TempDir()
	var err error
	if s.dcrd, err = node.Build(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if s.programs, err = daemon.Build(t.Context(), *deepForkSource, dir); err != nil {
		t.Fatal(err)
	}
	kept := *deepForkNode
	if kept == "" {
		kept = filepath.Join(dir, "node")
	}
	n = s.startNode(t, kept)
	mineDeepFork(t, n)
	prefix = filepath.Join(dir, "prefix")
	if err := writePrefix(t.Context(), n, prefix, deepShared); err != nil {
		t.Fatal(err)
	}
	return n, prefix
}

// mineDeepFork brings the chain of the node to its height, with tickets and votes.
func mineDeepFork(t *testing.T, n *node.Node) {
	t.Helper()
	best, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := miner.New(t.Context(), miner.Config{Node: n, Start: time.Now().Add(-2 * time.Hour)})
	if err != nil {
		t.Fatalf("%v\n%s", err, n.Output())
	}
	defer m.Close()
	began := time.Now()
	count, err := m.Mine(t.Context(), max(deepShared-int(best.Height), 0))
	if err != nil {
		t.Fatalf("%v\n%s", err, n.Output())
	}
	early, err := m.MineEarly(t.Context(), deepShared+deepEarly-int(max(best.Height, deepShared)))
	if err != nil {
		t.Fatalf("%v\n%s", err, n.Output())
	}
	t.Logf("mined %d and %d blocks, %d with votes, in %v",
		count.Blocks, early.Blocks, count.Voted+early.Voted, time.Since(began))
}

// writePrefix writes the node's blocks from height one to another into a file, each with
// its filter, both behind their length in four bytes, little-endian.
func writePrefix(ctx context.Context, n *node.Node, path string, to int64) error {
	var out []byte
	add := func(item []byte) {
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(item))), item...)
	}
	for height := range to {
		hash, err := n.Hash(ctx, height+1)
		if err != nil {
			return err
		}
		block, err := n.Block(ctx, hash)
		if err != nil {
			return err
		}
		raw, err := block.Bytes()
		if err != nil {
			return fmt.Errorf("write block %d: %w", height+1, err)
		}
		filter, err := n.Filter(ctx, hash)
		if err != nil {
			return err
		}
		add(raw)
		add(filter)
	}
	return os.WriteFile(path, out, 0o600)
}

// startHostile builds and starts the project's synthetic node with a branch on the
// prefix, and returns its address.
func (s *stage) startHostile(t *testing.T, prefix string) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "fakenet")
	err := proc.GoBuild(t.Context(), "..", dir, "-o", program, "./internal/testnet/cmd/fakenet")
	if err != nil {
		t.Fatal(err)
	}
	p, err := proc.Start(proc.Command{
		Path: program,
		Args: []string{"-prefix", prefix, "-blocks", fmt.Sprint(deepBranch), "-listen", "127.0.0.1:0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := p.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ctx := minutes(t, 2); ; {
		if line, _, ok := strings.Cut(p.Output(), "\n"); ok {
			_, rest, _ := strings.Cut(p.Output(), " --connect ")
			if addr, _, ok := strings.Cut(rest, "\n"); ok {
				t.Logf("hostile node at %s: %s", addr, line)
				return addr
			}
		}
		select {
		case <-tick.C:
		case <-p.Done():
			t.Fatalf("the hostile node ended with exit code %d\n%s", p.ExitCode(), p.Output())
		case <-ctx.Done():
			t.Fatalf("the hostile node does not listen: %v\n%s", ctx.Err(), p.Output())
		}
	}
}
