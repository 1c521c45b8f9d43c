//go:build unix

package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// posted passes on the bodies of the requests that are rightly signed. It answers when a body was
// taken.
func posted(t *testing.T, secret func() []byte) (url string, bodies chan string) {
	bodies = make(chan string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the daemon was killed
		}
		stamp, signature, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Spvd-Signature"), "t="), ",v1=")
		mac := hmac.New(sha256.New, secret())
		io.WriteString(mac, stamp+"."+string(body))
		if hex.EncodeToString(mac.Sum(nil)) != signature {
			t.Errorf("the signature %s of %.100s is wrong", r.Header.Get("Spvd-Signature"), body)
		}
		select {
		case bodies <- string(body):
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, bodies
}

// TestAKilledDaemonPostsEverything kills a daemon again and again while it posts to a receiver, and
// while the chain is reorganised. Who has read the bodies knows the chain of the node, and which
// payment is in which block.
func TestAKilledDaemonPostsEverything(t *testing.T) {
	o := newOwner(t, 3)
	ns := serveNodes(t, 1)
	dir := t.TempDir()
	url, bodies := posted(t, func() []byte {
		text, err := os.ReadFile(filepath.Join(dir, "simnet", webhookSecret))
		if err != nil {
			t.Error(err)
		}
		return []byte(strings.TrimSpace(string(text)))
	})
	args := append([]string{"--appdata", dir, "--notls", "--notifyurl", url, "--account=a=" + o.xpub()}, ns.flags...)
	seen, chain, txs := make(map[uint64]string), make(map[int64]string), make(map[string]string)
	synced := false
	read := func(body string) {
		var e api.WebhookEvent
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[e.Seq]; ok {
			if before != body {
				t.Fatalf("event %d was\n%s\nand is\n%s", e.Seq, before, body)
			}
			return
		}
		if seen[e.Seq] = body; e.Seq != uint64(len(seen)) {
			t.Fatalf("event %d after %d", e.Seq, len(seen)-1)
		}
		var data struct {
			Synced, Gap  bool
			Disconnected []api.BlockID
			Connected    []api.ConnectedBlock
			Removed      []string
			Transactions []api.Transaction
		}
		if err := json.Unmarshal(e.Data, &data); err != nil || data.Gap {
			t.Fatalf("%s: %v", body, err)
		}
		switch e.Event {
		case api.TopicSyncStatus:
			synced = data.Synced
		case api.TopicBlocks:
			for _, b := range data.Disconnected {
				delete(chain, b.Height)
			}
			for _, b := range data.Connected {
				chain[b.Height] = b.Hash
			}
		case api.TopicTransactions:
			for _, b := range data.Disconnected {
				maps.DeleteFunc(txs, func(_, block string) bool { return block == b.Hash })
			}
			for _, hash := range data.Removed {
				delete(txs, hash)
			}
			for i := range data.Transactions {
				txs[data.Transactions[i].TxID] = data.Transactions[i].BlockHash
			}
		}
	}
	late := time.After(2 * time.Minute)
	next := func() {
		select {
		case body := <-bodies:
			read(body)
		case <-late:
			t.Fatalf("no event comes; blocks %v, payments %v", chain, txs)
		}
	}
	p := startProcess(t, args...)
	for !synced {
		next()
	}
	var want map[string]string
	for n := range 4 {
		c, paid := ns.all[0].Chain(), make(map[string]bool)
		plan := testnet.Plan{}
		for h := c.Height() - 1; h <= c.Height()+2; h++ {
			paid[plan.Pay(h, o.script(0, uint32(n)), int64(1e6+n)).Hash.String()] = true
		}
		c = c.Grow(testnet.Branch{At: c.Height() - 2, Blocks: 4, Seed: uint64(77 + n), Plan: plan})
		ns.all[0].SetChain(c)
		for range n { // the daemon dies after so many events
			next()
		}
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.wait()
		p = startProcess(t, args...)
		want = make(map[string]string)
		for h := c.Height() - 3; h <= c.Height(); h++ {
			for _, tx := range c.Block(h).Transactions {
				if hash := tx.TxHash().String(); paid[hash] {
					want[hash] = c.ID(h).Hash.String()
				}
			}
		}
	}
	known := func() bool {
		c := ns.all[0].Chain()
		for h := int64(blocks) + 1; h <= int64(c.Height()); h++ {
			if chain[h] != c.ID(consensus.Height(h)).Hash.String() {
				return false
			}
		}
		for hash, block := range want {
			if txs[hash] != block {
				return false
			}
		}
		return len(chain) > 0 && len(want) == 4 && synced
	}
	for !known() {
		next()
	}
}

// TestWrongSettingsOfTheWebhook are refused before anything runs, and no address is repeated.
func TestWrongSettingsOfTheWebhook(t *testing.T) {
	for want, flags := range map[string][]string{
		"without TLS only loopback": {"--notifyurl=http://example.org/token"},
		"begin with https://":       {"--notifyurl=token"},
		"nothing without":           {"--notifysecret=0123456789abcdef"},
		"fewer than 16 characters":  {"--notifyurl=https://example.org/", "--notifysecret=short"},
		"it must be 1 to 1000":      {"--notifyconfirmations=0"},
		"must be 1 to 1000":         {"--notifyconfirmations=1001"},
	} {
		code, _, stderr := runOnce(t, append(flags, "--appdata", t.TempDir())...)
		if code != exitUsage || !strings.Contains(stderr, want) || strings.Contains(stderr, "token") {
			t.Errorf("%s: code %d, %s", flags, code, stderr)
		}
	}
}
