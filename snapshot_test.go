package spvd_test

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/snapshot"
)

// TestClientWritesSnapshot: what a client writes while it syncs is the chain up to the last
// whole segment that is deep enough.
func TestClientWritesSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 700})
		if err != nil {
			t.Fatal(err)
		}
		network := testnet.NewNetwork(1, nil)
		network.Add(nodeAddr, testnet.NewNode(testnet.NodeConfig{Chain: chain}), link.Shape{})
		defer running(t, network.Run)()
		ahead := time.Until(chain.Now())
		dir := filepath.Join(t.TempDir(), "snapshot")
		cfg := spvd.Config{
			Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: network.Dial,
			Now: func() time.Time { return time.Now().Add(ahead) }, SnapshotDir: dir,
		}
		c, err := spvd.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, c.Run)
		if err := c.Sync().Wait(t.Context(), spv.Synced); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if list, err := c.Snapshots().Segments(); len(list) != 3 || err != nil {
			t.Errorf("%d segments, %v", len(list), err)
		}
		if err := errors.Join(stop(), c.Close()); err != nil {
			t.Error(err)
		}
		v, err := snapshot.Verify(t.Context(), snapshot.Dir(dir), c.Params(), chain.Now(), func(snapshot.Verified) {})
		if err != nil || v.Last != chain.ID(383) {
			t.Errorf("verified %+v, %v", v, err)
		}
	})
}
