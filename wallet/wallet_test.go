package wallet

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/decred/dcrd/hdkeychain/v3"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// seedKey returns the private key of an account of a test seed.
func seedKey(t testing.TB, net hdkeychain.NetworkParams, seed byte) *hdkeychain.ExtendedKey {
	t.Helper()
	raw := make([]byte, 32)
	raw[0] = seed
	key, err := hdkeychain.NewMaster(raw, net)
	for _, i := range []uint32{44, 1, 0} {
		if err == nil {
			key, err = key.Child(hdkeychain.HardenedKeyStart + i)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// testXpub returns the extended public key of an account of a test seed.
func testXpub(t testing.TB, seed byte) string {
	return seedKey(t, consensus.SimNet().ChainParams, seed).Neuter().String()
}

// openTest opens a new wallet, which is closed with the test.
func openTest(t testing.TB, birthday Birthday) *Wallet {
	t.Helper()
	x, err := Open(testConfig(filepath.Join(t.TempDir(), "test.db"), birthday))
	if err != nil {
		t.Fatal(err)
	}
	x.store.DB.NoSync = true
	t.Cleanup(func() {
		if err := x.Check(context.Background()); err != nil && !t.Failed() {
			t.Error(err)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

// testContext returns a context of a test that can be cancelled.
func testContext(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func testConfig(path string, birthday Birthday) Config {
	return Config{
		Path: path, Params: consensus.SimNet(), Birthday: birthday,
		Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Unix(1_700_000_000, 0) },

		RelayFee: -1, // the coins of the tests are a few atoms each
	}
}

// importTest imports an account.
func importTest(t testing.TB, x *Wallet, name string, seed byte, o AccountOptions) Account {
	t.Helper()
	a, err := x.ImportXpub(t.Context(), name, testXpub(t, seed), o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// derived returns the first scripts of a branch of a test account.
func derived(t testing.TB, seed byte, branch uint32, n uint32) [][]byte {
	t.Helper()
	net := consensus.SimNet().ChainParams
	key, err := hd.BranchKey(net, testXpub(t, seed), branch)
	if err != nil {
		t.Fatal(err)
	}
	var list [][]byte
	for i := range n {
		pay, err := hd.Script(net, key, i)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, pay)
	}
	return list
}
