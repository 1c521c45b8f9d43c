package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd"
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
