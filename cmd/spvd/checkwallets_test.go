package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// TestCheckOfWallets: --checkdb names each wallet that is sound, and one that is not with
// what helps.
func TestCheckOfWallets(t *testing.T) {
	dir, _ := syncedStore(t, serveNodes(t, 1))
	path := filepath.Join(dir, "simnet", spvd.WalletDir, "shop.db")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	w, err := wallet.Open(wallet.Config{Path: path, Params: consensus.SimNet()})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, _ := runOnce(t, "--simnet", "--checkdb", "--appdata", dir)
	if code != exitClean || !strings.HasSuffix(out, "spvd: wallet shop is sound up to block 0\n") {
		t.Errorf("exit code %d, standard output %q", code, out)
	}
	if err := os.WriteFile(path, []byte("no wallet"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := runOnce(t, "--simnet", "--checkdb", "--appdata", dir)
	if code != exitFatal || !strings.Contains(stderr, "wallet shop") || !strings.Contains(stderr, "no rescan heals this") || !strings.Contains(stderr, "import the accounts") {
		t.Errorf("exit code %d, standard error %q", code, stderr)
	}
	other := filepath.Join(filepath.Dir(path), "till.db")
	if w, err = wallet.Open(wallet.Config{Path: other, Params: consensus.SimNet()}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, stderr = runOnce(t, "--simnet", "--checkdb", "--appdata", dir)
	if code != exitFatal || !strings.HasSuffix(out, "spvd: wallet till is sound up to block 0\n") || !strings.Contains(stderr, "wallet shop") {
		t.Errorf("with a sound one: exit code %d, standard output %q, standard error %q", code, out, stderr)
	}
}

// TestCheckNamesTheRescanThatHelps: of damaged rows that follow from the chain, --checkdb says that
// a rescan heals them and which. After it, by the daemon, the next check finds nothing.
func TestCheckNamesTheRescanThatHelps(t *testing.T) {
	o := newOwner(t, 1)
	ns := servePlan(t, 1, o.pay())
	dir, path := damagedWallets(t, ns, o)
	db, err := bbolt.Open(path("shop"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(func(tx *bbolt.Tx) error {
		k, v := tx.Bucket([]byte("mined")).Cursor().Last()
		k, v = bytes.Clone(k), bytes.Clone(v)
		v[len(v)/2] ^= 1
		return errors.Join(tx.Bucket([]byte("mined")).Put(k, v), tx.Bucket([]byte("sums")).Put(make([]byte, 4), make([]byte, 8)))
	}), db.Close()); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := runOnce(t, "--simnet", "--checkdb", "--appdata", dir)
	if code != exitFatal || !strings.Contains(out, "wallet default is sound") {
		t.Errorf("exit code %d, standard output %q", code, out)
	}
	const command = "a rescan heals this: start spvd and run spvctl -w shop rescan --from "
	_, from, found := strings.Cut(strings.TrimSpace(stderr), command)
	if !found {
		t.Fatalf("standard error %q", stderr)
	}
	d, c := ns.startSynced(t, dir)
	var job api.Job
	c.of("shop").mustCall(t, "rescanwallet", "["+from+"]", &job)
	c.of("shop").assertSpendable(t, 145e7)
	d.stop()
	if code := d.end(); code != exitClean {
		t.Fatalf("exit code %d: %s", code, d.err)
	}
	code, out, stderr = runOnce(t, "--simnet", "--checkdb", "--appdata", dir)
	if code != exitClean || !strings.Contains(out, "wallet shop is sound") {
		t.Errorf("exit code %d, standard output %q, standard error %q", code, out, stderr)
	}
}
