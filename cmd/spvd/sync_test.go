package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// blocks is the length of the chain that the daemon syncs here: a few times
// what fits into one filter message.
const blocks = 450

// nodes is a synthetic network on loopback for one test.
type nodes struct {
	chain *testnet.Chain
	all   []*testnet.Node
	flags []string // make a daemon connect to all of them
}

// serveNodes starts honest nodes that serve one chain until the test ends.
func serveNodes(t *testing.T, count int) *nodes {
	t.Helper()
	return servePlan(t, count, nil)
}

// servePlan does the same with a chain that holds the transactions of a plan.
func servePlan(t *testing.T, count int, plan testnet.Plan) *nodes {
	t.Helper()
	return serveChain(t, count, testnet.Config{Seed: 1, Blocks: blocks, Plan: plan}, link.Shape{})
}

// serveChain does the same with any chain, over lines of a shape.
func serveChain(t *testing.T, count int, cfg testnet.Config, shape link.Shape) *nodes {
	t.Helper()
	c, err := testnet.Generate(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var g errgroup.Group
	t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	network := testnet.NewNetwork(1, nil)
	g.Go(func() error { return network.Run(ctx) })
	ns := &nodes{chain: c}
	for range count {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		node := testnet.NewNode(testnet.NodeConfig{Chain: c})
		host := network.Add(l.Addr().String(), node, shape)
		g.Go(func() error { return network.ServeTCP(ctx, host, l) })
		ns.all = append(ns.all, node)
		ns.flags = append(ns.flags, "--connect="+l.Addr().String())
	}
	return ns
}

// startSynced runs a daemon until it says that it is synced with the nodes.
func (ns *nodes) startSynced(t *testing.T, dir string, more ...string) (*daemon, client) {
	t.Helper()
	args := append([]string{"--appdata", dir, "--notls"}, ns.flags...)
	d := startDaemon(t, append(args, more...)...)
	c := dial(t, d, dir)
	d.await(t, fmt.Sprintf("Synced at height %d", ns.all[0].Chain().Height()))
	return d, c
}

func TestSyncedDaemonAnswersFromTheChain(t *testing.T) {
	ns := serveNodes(t, 2)
	_, c := ns.startSynced(t, t.TempDir())

	var status api.SyncStatus
	if err := c.call(t, "syncstatus", &status); err != nil || !status.Synced || status.Ratio != 1 || status.Peers != 2 {
		t.Errorf("syncstatus: %+v, %v; want synced with 2 peers", status, err)
	}
	var best api.BestBlock
	if err := c.call(t, "getbestblock", &best); err != nil || best.Height != blocks || best.Hash != ns.chain.Tip().Hash.String() {
		t.Errorf("getbestblock: %+v, %v; want %v", best, err, ns.chain.Tip())
	}
	var peers []api.PeerInfo
	if err := c.call(t, "getpeerinfo", &peers); err != nil || len(peers) != 2 || peers[0].CurrentHeight != blocks {
		t.Errorf("getpeerinfo: %+v, %v; want 2 peers at %d", peers, err, blocks)
	}
	for _, h := range []consensus.Height{0, 1, blocks - 1, blocks} {
		ns.assertBlock(t, c, h)
	}
}

// TestDaemonWithANewBirthday keeps the filters of the last day only, and answers for older blocks
// with what it fetches; with --keepfilters at the next start it keeps all.
func TestDaemonWithANewBirthday(t *testing.T) {
	ns := serveNodes(t, 1)
	dir := t.TempDir()
	d, c := ns.startSynced(t, dir, "--birthday", "new")
	floor := func(want consensus.Height) {
		t.Helper()
		var info api.Info
		var status api.SyncStatus
		if err := c.call(t, "getinfo", &info); err != nil || info.FilterFloor != int64(want) {
			t.Errorf("getinfo: floor %d, %v; want %d", info.FilterFloor, err, want)
		}
		if err := c.call(t, "syncstatus", &status); err != nil || status.FilterFloor != int64(want) || status.Backfill {
			t.Errorf("syncstatus: %+v, %v; want the floor %d", status, err, want)
		}
	}
	floor(max(0, blocks+1-288))
	for _, h := range []consensus.Height{0, 1, blocks / 2, blocks} {
		ns.assertBlock(t, c, h)
	}
	if code, _, stderr := runOnce(t, "--simnet", "--compact", "--appdata", dir); code != exitFatal {
		t.Errorf("--compact beside a daemon: %d, %s", code, stderr)
	}
	d.stop()
	d.end()
	if code, out, stderr := runOnce(t, "--simnet", "--compact", "--appdata", dir); code != exitClean || !strings.Contains(out, "is compacted: ") {
		t.Errorf("--compact: %d, %s%s", code, out, stderr)
	}
	_, c = ns.startSynced(t, dir, "--birthday", "new", "--keepfilters")
	floor(0)
}

// assertBlock compares what the daemon says about one block with the chain it
// was synced from.
func (ns *nodes) assertBlock(t *testing.T, c client, h consensus.Height) {
	t.Helper()
	want := ns.chain.At(h)
	hash, params := "", fmt.Sprintf("[%d]", h)
	if err := c.callWith(t, "getblockhash", params, &hash); err != nil || hash != want.Hash().String() {
		t.Fatalf("getblockhash %d: %s, %v; want %v", h, hash, err, want.Hash())
	}
	params = fmt.Sprintf("[%q]", hash)
	var header types.GetBlockHeaderVerboseResult
	if err := c.callWith(t, "getblockheader", params, &header); err != nil {
		t.Fatalf("getblockheader %d: %v", h, err)
	}
	next := ""
	if h < blocks {
		next = ns.chain.ID(h + 1).Hash.String()
	}
	if header.Height != uint32(h) || header.Confirmations != int64(blocks-h+1) || header.NextHash != next ||
		header.PowHash != powHash(want).String() || header.Time != want.Timestamp() {
		t.Errorf("getblockheader %d answers %+v", h, header)
	}
	var filter api.CFilterV2
	if err := c.callWith(t, "getcfilterv2", params, &filter); err != nil || filter.Filter != hex.EncodeToString(ns.chain.Filter(h)) {
		t.Errorf("getcfilterv2 %d: %+v, %v", h, filter, err)
	}
	if h == 0 {
		return // nodes serve the genesis block, but no client requests it
	}
	var block string
	var serialized bytes.Buffer
	if err := ns.chain.Block(h).Serialize(&serialized); err != nil {
		t.Fatal(err)
	}
	if err := c.callWith(t, "getblock", fmt.Sprintf("[%q,false]", hash), &block); err != nil || block != hex.EncodeToString(serialized.Bytes()) {
		t.Errorf("getblock %d: %d hex digits, %v; want %d", h, len(block), err, 2*serialized.Len())
	}
}

func TestUnknownBlocksAreNotFound(t *testing.T) {
	ns := serveNodes(t, 1)
	_, c := ns.startSynced(t, t.TempDir())
	unknown := `["` + strings.Repeat("ab", 32) + `"]`
	var answer any
	for _, method := range []string{"getblockheader", "getcfilterv2", "getblock"} {
		if err := c.callWith(t, method, unknown, &answer); err == nil || err.Code != api.CodeNotFound {
			t.Errorf("%s of an unknown hash: %v, %v; want code %d", method, answer, err, api.CodeNotFound)
		}
	}
	for _, height := range []int{-1, blocks + 1} {
		if err := c.callWith(t, "getblockhash", fmt.Sprintf("[%d]", height), &answer); err == nil {
			t.Errorf("getblockhash %d: %v, want an error", height, answer)
		}
	}
}

func TestDaemonFollowsAndRemembers(t *testing.T) {
	ns := serveNodes(t, 1)
	dir := t.TempDir()
	d, _ := ns.startSynced(t, dir)
	ns.all[0].Extend(2)
	d.await(t, fmt.Sprintf("hash=%v", ns.all[0].Chain().Tip().Hash))
	ns.all[0].Reorg(3, 7)
	d.await(t, fmt.Sprintf("hash=%v", ns.all[0].Chain().Tip().Hash))
	d.stop()
	if code := d.end(); code != exitClean {
		t.Fatalf("exit code %d: %s", code, d.err)
	}

	ns.all[0].Extend(1)
	served := ns.all[0].Traffic().CFilters.Load()
	ns.startSynced(t, dir)
	if again := ns.all[0].Traffic().CFilters.Load() - served; again > 2 {
		t.Errorf("after a restart one block behind, %d filter messages were fetched", again)
	}
}

func TestCorruptStoreIsMovedAside(t *testing.T) {
	ns := serveNodes(t, 1)
	dir := t.TempDir()
	d, _ := ns.startSynced(t, dir)
	d.stop()
	d.end()
	name := filepath.Join(dir, "simnet", spvd.ChainFile)
	if err := os.WriteFile(name, bytes.Repeat([]byte("garbage "), 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	d, _ = ns.startSynced(t, dir)
	if line := d.await(t, "[ERR] SYNC: "); !strings.Contains(line, name+".corrupt-1") {
		t.Errorf("the log says %q, want where the file has gone", line)
	}
	if _, err := os.Stat(name + ".corrupt-1"); err != nil {
		t.Error(err)
	}
}

func TestStoreOfAnotherNetworkIsRefused(t *testing.T) {
	dir := t.TempDir()
	d := startDaemon(t, "--simnet=false", "--testnet", "--appdata", dir)
	d.await(t, "Chain store opened")
	d.stop()
	d.end()
	if err := os.Rename(filepath.Join(dir, "testnet3"), filepath.Join(dir, "simnet")); err != nil {
		t.Fatal(err)
	}
	code, _, err := runOnce(t, "--simnet", "--rpclisten=127.0.0.1:0", "--appdata", dir)
	if code != exitFatal {
		t.Errorf("exit code %d, want %d", code, exitFatal)
	}
	assertOneLine(t, err, filepath.Join(dir, "simnet", spvd.ChainFile), "another network")
}

// powHash returns the hash that proves a header's work on the simulation network. The
// genesis block has none: dcrd shows its hash.
func powHash(h *consensus.Header) chainhash.Hash {
	if h.Height() == 0 {
		return h.Hash()
	}
	return h.PowHashV2()
}
