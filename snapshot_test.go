package spvd_test

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
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
		cfg.Dir, cfg.SnapshotDir, cfg.Connect, cfg.Bootstrap = t.TempDir(), "", []string{"10.0.0.2:1"}, []string{dir}
		second, err := spvd.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		stop = running(t, second.Run)
		err = second.Sync().Wait(t.Context(), func(st spv.Status) bool { return st.Phase == spv.CatchingUp })
		if st := second.Sync().Status(); err != nil || st.Filters.Current != 383 || len(st.Warnings) > 0 {
			t.Errorf("imported: %+v, %v", st, err)
		}
		if err := errors.Join(stop(), second.Close()); err != nil {
			t.Error(err)
		}
		cfg.Bootstrap = []string{"ftp://a.example"}
		var wrong *spvd.ConfigError
		if _, err := spvd.Open(cfg); !errors.As(err, &wrong) || wrong.Field != "Bootstrap" {
			t.Errorf("got %v", err)
		}
		v, err := snapshot.Verify(t.Context(), snapshot.Dir(dir), c.Params(), chain.Now(), func(snapshot.Verified) {})
		if err != nil || v.Last != chain.ID(383) {
			t.Errorf("verified %+v, %v", v, err)
		}
	})
}
