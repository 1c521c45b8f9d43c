package view

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// golden compares a value, as JSON, with a file.
func golden(t *testing.T, name string, value any) {
	t.Helper()
	got, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	file := filepath.Join("testdata", name)
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s: got\n%swant\n%s", name, got, want)
	}
}

func TestSyncStatusOfAStatusWithEverything(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	id := func(h consensus.Height) consensus.BlockID {
		return consensus.BlockID{Height: h, Hash: chainhash.Hash{byte(h)}}
	}
	st := spv.Status{
		Seq:           42,
		Ready:         true,
		Phase:         spv.CatchingUp,
		Since:         at.Add(-time.Hour),
		Reason:        "Fetching filters from 3 peers.",
		Hint:          "Wait.",
		Initialised:   true,
		FirstSyncDone: true,
		Headers:       spv.Progress{Current: 50, Target: 200, Rate: 12.5, ETA: 11600 * time.Millisecond},
		Filters:       spv.Progress{Current: 40, Target: 200},
		Floor:         25,
		Backfill:      true,
		Rescan:        spv.Progress{Current: 30, Target: 200},
		Ratio:         0.25,
		Tip:           id(50),
		TipTime:       at.Add(-90 * time.Second),
		Best:          200,
		BestPeers:     2,
		Peers:         3,
		LastReorg:     &spv.Reorg{At: at, Fork: id(5), From: id(8), To: id(9), Depth: 3},
		Warnings:      []spv.Warning{{Code: "stale-tip", Text: "No block for long.", Hint: "Check.", Since: at}},
		Err:           errors.New("disk full"),
	}
	golden(t, "syncstatus.json", SyncStatus(st, at))
}

func TestSyncStatusOfNothing(t *testing.T) {
	golden(t, "syncstatus_zero.json", SyncStatus(spv.Status{}, time.Unix(1_700_000_000, 0)))
}

func TestTipFromTheFutureHasNoAge(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	if st := SyncStatus(spv.Status{TipTime: now.Add(time.Minute)}, now); st.Tip.Age != 0 {
		t.Errorf("age is %d s, want 0", st.Tip.Age)
	}
}

func TestPeerInfo(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	golden(t, "peerinfo.json", peerInfo(&peer.Info{
		ID:             7,
		Addr:           "192.0.2.1:9108",
		LocalAddr:      "192.0.2.2:40000",
		Connected:      at,
		Services:       1<<40 | 1,
		Version:        11,
		UserAgent:      "/dcrd:2.1.6/",
		StartingHeight: 900_000,
		Height:         900_001,
		BytesReceived:  1 << 33,
		BytesSent:      4096,
		LastReceived:   at.Add(time.Minute),
		LastSent:       at.Add(2 * time.Minute),
		Ping:           1500 * time.Microsecond,
		Score:          25,
		Role:           peer.Outbound,
		Rate:           1.5e6,
		Requests:       3,
		RequestBytes:   90_000,
		LastReason:     peer.Timeout,
	}))
}
