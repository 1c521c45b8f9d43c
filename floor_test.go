package spvd_test

import (
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
	store "github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

var (
	floorBlocks = flag.Int("floorblocks", 3000, "length of the chain that a new wallet is synced with")
	pruneBlocks = flag.Int("pruneblocks", 3000, "length of the chain whose filters are pruned, 3000 at least")
)

// TestPruning: when every wallet was searched for, the filters are deleted, but for those that a
// reorganisation may need. What is imported later finds its payments, and the filters go again. A
// snapshot that is to be written keeps them, and so does a wallet whose file cannot be read. The
// store is as large as the headers and the last filters after a compaction.
func TestPruning(t *testing.T) {
	plan := testnet.Plan{}
	for n := range uint32(10) {
		_, script := addressOf(n).PaymentScript()
		plan.Pay(100+consensus.Height(n)*80, script, 1e8)
	}
	chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: *pruneBlocks, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	floor := chain.Height() + 1 - spv.PruneDepth
	prune := func(t *testing.T, change func(cfg *spvd.Config), test func(c *spvd.Client)) {
		network := testnet.NewNetwork(1, nil)
		network.Add(nodeAddr, testnet.NewNode(testnet.NodeConfig{Chain: chain}), link.Shape{})
		defer running(t, network.Run)()
		ahead := time.Until(chain.Now())
		cfg := spvd.Config{
			Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: network.Dial, Prune: true,
			Now: func() time.Time { return time.Now().Add(ahead) },
		}
		if change != nil {
			change(&cfg)
		}
		c, err := spvd.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, c.Run)
		if err := c.Sync().Wait(t.Context(), spv.Synced); err != nil {
			t.Fatal(err)
		}
		test(c)
		if err := errors.Join(stop(), c.Close()); err != nil {
			t.Error(err)
		}
	}
	pruned := func(t *testing.T, c *spvd.Client) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := c.Sync().Wait(ctx, func(st spv.Status) bool { return st.Synced && st.Floor == floor && !st.Backfill })
		if err != nil {
			t.Fatalf("the floor is %d, want %d: %v", c.Sync().Status().Floor, floor, err)
		}
	}
	for name, tc := range map[string]struct{ change func(cfg *spvd.Config) }{
		"snapshot": {func(cfg *spvd.Config) { cfg.SnapshotDir = filepath.Join(cfg.Dir, "snapshot") }},
		"unreadable wallet": {func(cfg *spvd.Config) {
			file := filepath.Join(cfg.Dir, "simnet", spvd.WalletDir, "broken.db")
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte("none"), 0o600)); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				prune(t, tc.change, func(c *spvd.Client) {
					if err := wait.For(t.Context(), time.Hour); err != nil {
						t.Error(err)
					}
					needed := consensus.Height(0)
					if s := c.Snapshots(); s != nil { // what is written may go
						if needed, err = s.NeedsFrom(); err != nil {
							t.Error(err)
						}
					}
					if st := c.Sync().Status(); st.Floor > needed {
						t.Errorf("the floor is %d, needed are filters from %d", st.Floor, needed)
					}
				})
			})
		})
	}
	t.Run("snapshot of a pruned store", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			in := func(written, pruning bool) func(cfg *spvd.Config) {
				return func(cfg *spvd.Config) {
					if cfg.Dir, cfg.Prune = dir, pruning; written {
						cfg.SnapshotDir = filepath.Join(dir, "snapshot")
					}
				}
			}
			warned := func(st spv.Status) bool {
				return slices.ContainsFunc(st.Warnings, func(w spv.Warning) bool {
					return w.Code == "snapshot-not-written" && strings.Contains(w.Text, "were pruned")
				})
			}
			prune(t, in(false, true), func(c *spvd.Client) { pruned(t, c) })
			after := func(c *spvd.Client, floor consensus.Height, warning bool) {
				// not while a worker tries again, as each does after half a minute: a try lifts the warning
				if err := wait.For(t.Context(), time.Hour+7*time.Second); err != nil {
					t.Error(err)
				}
				if st := c.Sync().Status(); st.Floor != floor || warned(st) != warning {
					t.Errorf("the floor is %d, want %d; there is a warning %v, want %v", st.Floor, floor, warned(st), warning)
				}
			}
			prune(t, in(true, true), func(c *spvd.Client) { after(c, floor, true) })
			prune(t, in(true, false), func(c *spvd.Client) { after(c, 0, false) })
		})
	})
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		prune(t, func(cfg *spvd.Config) { cfg.Dir = dir }, func(c *spvd.Client) {
			pruned(t, c)
			w, err := c.Wallet(wallet.DefaultName)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.ImportXpub(t.Context(), "old", xpub, wallet.AccountOptions{Birthday: &wallet.Birthday{}}); err != nil {
				t.Fatal(err)
			}
			if err := c.Sync().Wait(t.Context(), func(st spv.Status) bool { return st.Backfill }); err != nil {
				t.Fatal(err)
			}
			pruned(t, c)
			balances, err := w.Balances(t.Context(), 1)
			if err != nil || balances.Sum.Total != 10*1e8 {
				t.Errorf("found %v of 10 payments, %v", balances.Sum.Total, err)
			}
		})
		file := filepath.Join(spvd.Simnet.Dir(dir), spvd.ChainFile)
		before, after, err := store.Compact(t.Context(), store.Config{Path: file, Params: chain.Params()})
		held := int64(chain.Height()) * consensus.HeaderSize
		for h := floor; h <= chain.Height(); h++ {
			held += int64(len(chain.Filter(h)))
		}
		t.Logf("the store takes %d bytes, and %d compacted; %d headers and the last %d filters are %d", before, after, chain.Height(), spv.PruneDepth, held)
		if err != nil || after > held*12/10+1<<18 || after > before {
			t.Errorf("from %d to %d bytes, %v", before, after, err)
		}
	})
}

// TestATransactionBelowTheFloor: a wallet that is new hears of a transaction that pays it, relayed or
// published, and is stopped before it has come to the filters that are there. No others are fetched for
// it, and it lists the transaction.
func TestATransactionBelowTheFloor(t *testing.T) {
	for name, give := range map[string]func(ctx context.Context, s *wallet.Set, tx *wire.MsgTx) (bool, error){
		"relayed": func(ctx context.Context, s *wallet.Set, tx *wire.MsgTx) (bool, error) {
			kept, _, err := s.Heard(ctx, tx, "", false)
			return kept, err
		},
		"published": func(ctx context.Context, s *wallet.Set, tx *wire.MsgTx) (bool, error) { return s.Publish(ctx, tx) },
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { hearBelowFloor(t, give) }) })
	}
}

func hearBelowFloor(t *testing.T, give func(ctx context.Context, s *wallet.Set, tx *wire.MsgTx) (bool, error)) {
	chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 1500})
	if err != nil {
		t.Fatal(err)
	}
	network := testnet.NewNetwork(1, nil)
	node := testnet.NewNode(testnet.NodeConfig{Chain: chain})
	network.Add(nodeAddr, node, link.Shape{})
	defer running(t, network.Run)()
	cfg := newWalletConfig(t, chain, network.Dial)
	c, err := spvd.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stop := running(t, c.Run)
	tip := chain.Tip()
	synced := func(when string, floor consensus.Height) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := c.Sync().Wait(ctx, func(st spv.Status) bool { return st.Synced && st.Tip == tip })
		if st := c.Sync().Status(); err != nil || st.Floor != floor {
			t.Fatalf("%s: the floor is %d, want %d: %v", when, st.Floor, floor, err)
		}
	}
	floor := chain.Height() + 1 - 288
	synced("without a wallet", floor)
	if err := stop(); err != nil {
		t.Error(err)
	}
	w, err := c.Wallets().Create("new", nil)
	if err != nil {
		t.Fatal(err)
	}
	version, script := addressOf(3).PaymentScript()
	if _, err := w.ImportAddresses(t.Context(), []string{addressOf(3).String()}, cfg.Birthday); err != nil {
		t.Fatal(err)
	}
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{1}}, 2e8, make([]byte, 100)))
	tx.AddTxOut(&wire.TxOut{Value: 1e8, Version: version, PkScript: script})
	if scripts, _, err := c.Wallets().Unsearched(t.Context(), tx, floor); err != nil || len(scripts) == 0 {
		t.Fatalf("it does not concern the wallet: %v", err)
	}
	if kept, err := give(t.Context(), c.Wallets(), tx); err != nil || !kept {
		t.Fatalf("kept %v: %v", kept, err)
	}
	stop = running(t, c.Run)
	synced("with a transaction", floor)
	if _, err := w.Transaction(t.Context(), tx.TxHash()); err != nil {
		t.Error(err)
	}
	if err := errors.Join(stop(), c.Close()); err != nil {
		t.Error(err)
	}
}

// received counts the bytes that are read from a network.
type received struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	bytes atomic.Int64
}

func (r *received) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := r.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return receivedConn{c, r}, nil
}

type receivedConn struct {
	net.Conn
	of *received
}

func (c receivedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.of.bytes.Add(int64(n))
	return n, err
}

// TestNewWalletThenAnOlderKey: with the birthday "new" a first sync receives headers and the
// filters of a day, and stores no more; the import of an old key afterwards, with restarts on the
// way, finds all payments to it.
func TestNewWalletThenAnOlderKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		blocks := consensus.Height(*floorBlocks)
		plan := testnet.Plan{}
		const payments = 40
		for n := range uint32(payments) {
			_, script := addressOf(n % 15).PaymentScript()
			plan.Pay(1+consensus.Height(n)*(blocks-300)/payments, script, 1e8)
		}
		chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: int(blocks), Plan: plan})
		if err != nil {
			t.Fatal(err)
		}
		network := testnet.NewNetwork(1, nil)
		network.Add(nodeAddr, testnet.NewNode(testnet.NodeConfig{Chain: chain}), link.Shape{})
		defer running(t, network.Run)()
		line := received{dial: network.Dial}
		cfg := newWalletConfig(t, chain, line.Dial)
		c, err := spvd.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, c.Run)
		if err := c.Sync().Wait(t.Context(), spv.Synced); err != nil {
			t.Fatal(err)
		}
		day := int64(0) // filters, their hashes and proofs
		for h := blocks - 287; h <= blocks; h++ {
			day += int64(len(chain.Filter(h))) + 32 + 3 + 5
		}
		headers := int64(blocks) * (consensus.HeaderSize + 1)
		limit := (headers+day)*103/100 + 4096
		got := line.bytes.Load()
		t.Logf("received %d bytes, headers are %d (%.2f %%)", got, headers, float64(got)/float64(headers)*100)
		if got > limit {
			t.Errorf("received %d bytes, want at most %d", got, limit)
		}
		if st := c.Sync().Status(); st.Floor != blocks+1-288 {
			t.Errorf("the floor is %d", st.Floor)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(filepath.Join(cfg.Dir, "simnet", spvd.ChainFile)); err != nil || info.Size() > limit*106/100+(4<<20) {
			t.Errorf("the store is %v, %v; want at most %d bytes", info.Size(), err, limit*106/100+(4<<20))
		} else {
			t.Logf("the store takes %d bytes", info.Size())
		}

		w, err := c.Wallet(wallet.DefaultName)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.ImportXpub(t.Context(), "old", xpub, wallet.AccountOptions{Birthday: &wallet.Birthday{}}); err != nil {
			t.Fatal(err)
		}
		for range 3 { // killed by and by
			stop = running(t, c.Run)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			_ = c.Sync().Wait(ctx, spv.Synced)
			cancel()
			if err := errors.Join(stop(), c.Close()); err != nil {
				t.Error(err)
			}
			if c, err = spvd.Open(cfg); err != nil {
				t.Fatal(err)
			}
		}
		stop = running(t, c.Run)
		if err := c.Sync().Wait(t.Context(), spv.Synced); err != nil {
			t.Fatal(err)
		}
		if w, err = c.Wallet(wallet.DefaultName); err != nil {
			t.Fatal(err)
		}
		balances, err := w.Balances(t.Context(), 1)
		if err != nil || balances.Sum.Total != payments*1e8 {
			t.Errorf("found %v of %d payments, %v", balances.Sum.Total, payments, err)
		}
		if st := c.Sync().Status(); st.Floor != 0 || st.Backfill {
			t.Errorf("after the import the floor is %d, backfill %v", st.Floor, st.Backfill)
		}
		if err := errors.Join(stop(), c.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestALaterImportFetchesFromItsBirthdayOn: what is imported into a store that keeps the newest
// filters only has the filters from a day before its own birthday on fetched, and no others: as a
// height or a date, into a wallet that has stood at the genesis block or one that is synced, while
// the chain is followed or before a start.
func TestALaterImportFetchesFromItsBirthdayOn(t *testing.T) {
	const blocks, birth, margin = 4500, 3456, 288
	plan := testnet.Plan{}
	for n := range uint32(10) {
		_, script := addressOf(n).PaymentScript()
		plan.Pay(birth+consensus.Height(n)*80, script, 1e8)
	}
	chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: blocks, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	height := wallet.Birthday{Height: birth}
	date := wallet.Birthday{Time: chain.At(birth).Time().Add(24 * time.Hour)} // a date includes the day before it
	for name, tc := range map[string]struct {
		birth                   wallet.Birthday
		stopped, second, others bool
	}{
		"height":                       {birth: height},
		"height, before a start":       {birth: height, stopped: true},
		"date":                         {birth: date},
		"date, before a start":         {birth: date, stopped: true},
		"another wallet":               {birth: height, second: true},
		"beside a newer address":       {birth: height, others: true},
		"another, beside newer ones":   {birth: date, others: true, second: true},
		"date, beside a newer address": {birth: date, others: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := testnet.NewNetwork(1, nil)
				network.Add(nodeAddr, testnet.NewNode(testnet.NodeConfig{Chain: chain}), link.Shape{})
				defer running(t, network.Run)()
				ahead := time.Until(chain.Now())
				line := received{dial: network.Dial}
				cfg := spvd.Config{
					Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: line.Dial,
					Now:      func() time.Time { return time.Now().Add(ahead) },
					Birthday: &wallet.Birthday{Time: chain.Now().Add(48 * time.Hour)},
				}
				c, err := spvd.Open(cfg)
				if err != nil {
					t.Fatal(err)
				}
				w, err := c.Wallet(wallet.DefaultName)
				if err != nil {
					t.Fatal(err)
				}
				if tc.others {
					err := w.ImportAddress(t.Context(), addressOf(600).String(), "", &wallet.Birthday{Height: blocks - 50})
					if err != nil {
						t.Fatal(err)
					}
				}
				stop := running(t, c.Run)
				if err := c.Sync().Wait(t.Context(), spv.Synced); err != nil {
					t.Fatal(err)
				}
				if tc.stopped {
					if err := stop(); err != nil {
						t.Error(err)
					}
				}
				if tc.second {
					if w, err = c.Wallets().Create("second", nil); err != nil {
						t.Fatal(err)
					}
				}
				before := line.bytes.Load()
				if _, err := w.ImportXpub(t.Context(), "old", xpub, wallet.AccountOptions{Birthday: &tc.birth}); err != nil {
					t.Fatal(err)
				}
				if tc.stopped {
					stop = running(t, c.Run)
				}
				if err := c.Sync().Wait(t.Context(), spv.Synced); err != nil {
					t.Fatal(err)
				}
				balances, err := w.Balances(t.Context(), 1)
				if err != nil || balances.Sum.Total != 10*1e8 {
					t.Errorf("found %v of 10 payments, %v", balances.Sum.Total, err)
				}
				floor := c.Sync().Status().Floor
				lowest := consensus.Height(birth - margin - 10) // a date is that of a median of blocks
				if tc.others && !tc.second && !tc.birth.Time.IsZero() {
					lowest = 3001 - margin // of blocks that it has passed a wallet remembers each thousandth
				}
				if floor > birth-margin || floor < lowest {
					t.Errorf("the floor is %d, want %d", floor, birth-margin)
				}
				limit := int64(1 << 17) // what every start costs, and the blocks that pay
				for h := lowest; h <= blocks; h++ {
					limit += int64(len(chain.Filter(h))) + 32 + 3 + 5
				}
				if got := line.bytes.Load() - before; got > limit {
					t.Errorf("received %d bytes for the import, want at most %d", got, limit)
				}
				if err := errors.Join(stop(), c.Close()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// newWalletConfig returns the configuration of a client whose wallets are made when the chain ends:
// it needs none of the filters of the chain. Its clock is that of the chain.
func newWalletConfig(t *testing.T, chain *testnet.Chain, dial func(ctx context.Context, network, addr string) (net.Conn, error)) spvd.Config {
	ahead := time.Until(chain.Now())
	return spvd.Config{
		Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: dial,
		Now:      func() time.Time { return time.Now().Add(ahead) },
		Birthday: &wallet.Birthday{Time: chain.Now().Add(48 * time.Hour)}, // simnet blocks are a second apart
	}
}
