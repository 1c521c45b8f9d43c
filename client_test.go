package spvd_test

import (
	"bytes"
	"context"
	"errors"
	"go/parser"
	"go/token"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

const nodeAddr = "10.0.0.1:18555"

// oneNode returns a network of one node with 40 blocks, of which block 30 pays 5 DCR to the
// first address of the account of xpub, and a clock at which they are not in the future.
func oneNode(t *testing.T) (*testnet.Network, func() time.Time) {
	t.Helper()
	plan := testnet.Plan{}
	plan.Pay(30, firstScript(t), 5e8)
	chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 40, Plan: plan})
	if err != nil {
		t.Fatal(err)
	}
	network := testnet.NewNetwork(1, nil)
	network.Add(nodeAddr, testnet.NewNode(testnet.NodeConfig{Chain: chain}), link.Shape{})
	ahead := time.Until(chain.Now())
	return network, func() time.Time { return time.Now().Add(ahead) }
}

// firstScript returns the script of the first address of the account of xpub.
func firstScript(t *testing.T) []byte {
	t.Helper()
	addr, err := stdaddr.DecodeAddress("SseVhoKToL5qvof5b9CXni8TjJmrdSBnYyR", chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, script := addr.PaymentScript()
	return script
}

// running runs something until the returned function is called, which returns its error.
func running(t *testing.T, run func(context.Context) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var ended error
	wg.Go(func() { ended = run(ctx) })
	return func() error {
		cancel()
		wg.Wait()
		return ended
	}
}

// TestClientSyncsRunsAgainAndCloses is the life of a client: it syncs, is stopped, runs
// again, and another one goes on with its data.
func TestClientSyncsRunsAgainAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		network, now := oneNode(t)
		defer running(t, network.Run)()
		cfg := spvd.Config{
			Dir: dir, Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: network.Dial, Now: now,
			Accounts: []spvd.Account{{Name: "default", Xpub: xpub}},
		}
		c, err := spvd.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := spvd.Open(cfg); !errors.As(err, new(*spvd.InUseError)) {
			t.Errorf("a second client on the same data: %v", err)
		}
		for range 2 {
			stop := running(t, c.Run)
			wantSynced(t, c)
			if err := c.Run(t.Context()); !errors.Is(err, spvd.ErrRunning) {
				t.Errorf("a second Run: %v", err)
			}
			if err := c.Close(); !errors.Is(err, spvd.ErrRunning) {
				t.Errorf("Close while it runs: %v", err)
			}
			if err := stop(); err != nil {
				t.Errorf("Run ended with %v", err)
			}
			wantBalance(t, c) // also while it does not run
		}
		if err := errors.Join(c.Close(), c.Close()); err != nil {
			t.Error(err)
		}
		if err := c.Run(t.Context()); !errors.Is(err, spvd.ErrClosed) {
			t.Errorf("Run after Close: %v", err)
		}
		if _, err := c.Wallet("default"); !errors.Is(err, spvd.ErrClosed) {
			t.Errorf("Wallet after Close: %v", err)
		}

		if c, err = spvd.Open(cfg); err != nil {
			t.Fatal(err)
		}
		wantBalance(t, c) // before it runs
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		for _, name := range []string{spvd.ChainFile, spvd.PeersFile, spvd.LockFile, spvd.WalletDir + "/default.db"} {
			if _, err := os.Stat(filepath.Join(dir, "simnet", filepath.FromSlash(name))); err != nil {
				t.Error(err)
			}
		}
	})
}

func wantSynced(t *testing.T, c *spvd.Client) {
	t.Helper()
	if err := c.Sync().Wait(t.Context(), spv.Synced); err != nil {
		t.Fatal(err)
	}
	if st := c.Sync().Status(); st.Tip.Height != 40 || len(c.Peers().Infos()) != 1 {
		t.Errorf("tip %d, %d peers", st.Tip.Height, len(c.Peers().Infos()))
	}
}

func wantBalance(t *testing.T, c *spvd.Client) {
	t.Helper()
	w, err := c.Wallet(wallet.DefaultName)
	if err != nil {
		t.Fatal(err)
	}
	balances, err := w.Balances(t.Context(), 1)
	if err != nil || balances.Sum.Total != 5e8 {
		t.Errorf("balance %v, %v", balances.Sum.Total, err)
	}
}

// TestRunReturnsTroubleOfTheStore: what the syncer cannot work around ends Run, and the
// pool with it.
func TestRunReturnsTroubleOfTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		network, now := oneNode(t)
		defer running(t, network.Run)()
		if err := os.MkdirAll(filepath.Join(dir, "simnet", spvd.ChainFile), 0o700); err != nil {
			t.Fatal(err)
		}
		c, err := spvd.Open(spvd.Config{Dir: dir, Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: network.Dial, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "sync: ") {
			t.Errorf("Run on a directory as store: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestWrongConfigIsRefused names the field, leaves the data free, and creates no wallet.
func TestWrongConfigIsRefused(t *testing.T) {
	born := wallet.Birthday{Height: -1}
	for field, change := range map[string]func(c *spvd.Config){
		"Dir":         func(c *spvd.Config) { c.Dir = "" },
		"Network":     func(c *spvd.Config) { c.Network = 7 },
		"DeepReorg":   func(c *spvd.Config) { c.DeepReorg = -1 },
		"Dial":        func(c *spvd.Config) { c.Proxy, c.Dial = "127.0.0.1:9050", new(net.Dialer).DialContext },
		"Proxy":       func(c *spvd.Config) { c.Proxy = "nowhere" },
		"UserAgent":   func(c *spvd.Config) { c.UserAgent = strings.Repeat("x", 300) },
		"Connect":     func(c *spvd.Config) { c.Connect = []string{"a:b:c"} },
		"AddPeer":     func(c *spvd.Config) { c.AddPeer = []string{"[::1"} },
		"KeepFilters": func(c *spvd.Config) { c.KeepFilters, c.Prune = true, true },
		"Listen":      func(c *spvd.Config) { c.Listen, c.LowBandwidth = []string{"192.0.2.1"}, true },
		"Birthday":    func(c *spvd.Config) { c.Birthday = &born },
		"Known":       func(c *spvd.Config) { c.Known = &consensus.Known{Work: big.NewInt(-1)} },
		"Accounts":    func(c *spvd.Config) { c.Accounts = []spvd.Account{{Name: "a", Xpub: "dpubx"}} },
		"Lock": func(c *spvd.Config) {
			lock, err := spvd.TakeLock(c.Dir, spvd.Testnet)
			if err != nil {
				t.Fatal(err)
			}
			c.Lock = lock
		},
	} {
		cfg := spvd.Config{Dir: t.TempDir(), Network: spvd.Simnet}
		dir := cfg.Dir
		change(&cfg)
		_, err := spvd.Open(cfg)
		var wrong *spvd.ConfigError
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: got %v", field, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "simnet", spvd.WalletDir)); err == nil {
			entries, _ := os.ReadDir(filepath.Join(dir, "simnet", spvd.WalletDir))
			if len(entries) > 0 {
				t.Errorf("%s: a wallet was made", field)
			}
		}
		c, err := spvd.Open(spvd.Config{Dir: dir, Network: spvd.Simnet})
		if err != nil {
			t.Fatalf("%s: the data is not free: %v", field, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if field == "Lock" {
			lock, err := spvd.TakeLock(dir, spvd.Testnet)
			if err = errors.Join(err, lock.Release()); err != nil {
				t.Errorf("the lock was kept: %v", err)
			}
		}
	}
}

// TestLogsGoWhereTheyBelong: PeerLog and WalletLog take the place of Log for their parts.
func TestLogsGoWhereTheyBelong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, now := oneNode(t)
		defer running(t, network.Run)()
		var all, peers bytes.Buffer
		logger := func(b *bytes.Buffer) *slog.Logger {
			return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
		}
		c, err := spvd.Open(spvd.Config{
			Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: network.Dial, Now: now,
			Log: logger(&all), PeerLog: logger(&peers),
		})
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, c.Run)
		wantSynced(t, c)
		if err := errors.Join(stop(), c.Close()); err != nil {
			t.Error(err)
		}
		if !strings.Contains(all.String(), "Synced at height 40") || strings.Contains(all.String(), nodeAddr) {
			t.Errorf("log of the client:\n%s", &all)
		}
		if !strings.Contains(peers.String(), nodeAddr) {
			t.Errorf("log of the peers:\n%s", &peers)
		}
	})
}

// TestExampleNeedsNothingInternal: what the example does, any program can.
func TestExampleNeedsNothingInternal(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "example_test.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.Imports {
		if strings.Contains(spec.Path.Value, "/internal/") {
			t.Errorf("the example imports %s", spec.Path.Value)
		}
	}
}
