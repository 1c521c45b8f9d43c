package sim_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/peer"
)

// What happens on the network of the measurement in an hour.
const (
	hourBlocks = 12
	hourTxs    = 400
)

// TestLowBandwidthSavesBytes compares what a synced client receives and sends in an hour, with twelve
// nodes to choose from. Its log has the figures that docs/performance.md shows.
func TestLowBandwidthSavesBytes(t *testing.T) {
	cost := make(map[bool][2]uint64)
	for _, low := range []bool{false, true} {
		inWorld(t, trunk(), func(w *world) {
			w.log = slog.New(slog.DiscardHandler)
			knownNodes(w, 12, low)
			w.startClient()
			w.mustSync(10 * time.Minute)
			<-time.After(10 * time.Minute) // connections are made, and addresses exchanged
			want := 8
			if low {
				want = 3
			}
			if got := len(w.pool.Infos()); got != want {
				t.Errorf("with low bandwidth %v: %d peers, want %d", low, got, want)
			}
			in, out := w.pool.BytesTotal()
			anHour(w)
			w.mustSaySynced(time.Minute)
			in2, out2 := w.pool.BytesTotal()
			cost[low] = [2]uint64{in2 - in, out2 - out}
		})
		t.Logf("RESULT | low bandwidth %v | %d bytes received | %d bytes sent |", low, cost[low][0], cost[low][1])
	}
	if usual, low := cost[false], cost[true]; 10*(low[0]+low[1]) > usual[0]+usual[1] {
		t.Errorf("%v bytes an hour are not a tenth of %v", low, usual)
	}
}

// anHour lets an hour pass, with blocks and with transactions that pay none of its wallets.
func anHour(w *world) {
	node := w.honest[0].Node
	const step = time.Hour / hourTxs
	for i := range hourTxs {
		<-time.After(step)
		if i%(hourTxs/hourBlocks) == 0 {
			w.extend(1)
		}
		tx := wire.NewMsgTx()
		tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{1, byte(i), byte(i >> 8)}}, 1e8, make([]byte, 107)))
		for n := range byte(2) {
			tx.AddTxOut(wire.NewTxOut(1e7, append([]byte{0x76, 0xa9, 0x14, byte(i), byte(i >> 8), n}, make([]byte, 19)...)))
		}
		node.AddTx(tx)
	}
}

// knownNodes puts nodes on the network, in groups of their own, and makes a client that knows their
// addresses by its peers.json.
func knownNodes(w *world, n int, low bool) {
	var at []net.TCPAddr
	for i := range n {
		at = append(at, net.TCPAddr{IP: net.IPv4(44, byte(i+1), 0, 1), Port: eclipsePort})
	}
	type entry struct {
		Addr     string   `json:"addr"`
		Sources  []string `json:"sources"`
		Services int      `json:"services"`
		Added    int64    `json:"added"`
		Heard    int64    `json:"heard"`
	}
	var entries []entry
	now := time.Now().Unix()
	for _, a := range at {
		node := testnet.NewNode(testnet.NodeConfig{Chain: w.best, Protocol: 12, Addrs: at})
		w.honest = append(w.honest, w.net.Add(a.String(), node, near))
		entries = append(entries, entry{a.String(), []string{"9.9.0.0"}, 1, now, now})
	}
	raw, err := json.Marshal(map[string]any{"version": 2, "network": w.best.Params().ChainParams.Name, "addresses": entries})
	if err != nil {
		w.Fatal(err)
	}
	file := filepath.Join(w.TempDir(), fmt.Sprintf("peers-%v.json", low))
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		w.Fatal(err)
	}
	w.makePool(func(c *peer.Config) {
		c.Connect, c.File, c.Seeders, c.LowBandwidth, c.RelayTx = nil, file, []string{}, low, !low
	})
	w.cfg.BlocksOnly, w.cfg.LowBandwidth = low, low

}
