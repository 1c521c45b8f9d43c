package spvd_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
)

// stopWithin is the time in which Run returns at the latest, whatever the client is about.
const stopWithin = 2 * time.Second

// TestClientWithoutANetwork: a client that is started without a network runs and says so; it syncs
// when the network is there, says that it is gone again, and needs no help to come back. It stops
// in time in each of these states.
func TestClientWithoutANetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, now := oneNode(t)
		host := network.Hosts()[0]
		defer running(t, network.Run)()
		c, err := spvd.Open(spvd.Config{
			Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: network.Dial, Now: now,
			Accounts: []spvd.Account{{Name: "default", Xpub: xpub}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, state := range []struct {
			change func()
			want   func(spv.Status) bool
		}{
			{host.Partition, func(st spv.Status) bool { return st.Initialised && !st.Synced && st.Peers == 0 && st.Hint != "" }},
			{host.Heal, spv.Synced},
			{host.Partition, func(st spv.Status) bool { return !st.Synced && st.Peers == 0 && st.Tip.Height == 40 }},
			{host.Heal, spv.Synced},
		} {
			state.change()
			stop := running(t, c.Run)
			if err := c.Sync().Wait(t.Context(), state.want); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := stop(); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > stopWithin {
				t.Errorf("Run returned after %v", took)
			}
		}
		wantBalance(t, c)

		// One run through all of it.
		stop := running(t, c.Run)
		for range 2 {
			wantSynced(t, c)
			host.Partition()
			if err := c.Sync().Wait(t.Context(), func(st spv.Status) bool { return !st.Synced && st.Peers == 0 }); err != nil {
				t.Fatal(err)
			}
			host.Heal()
		}
		wantSynced(t, c)
		if err := errors.Join(stop(), c.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestNetworkChanges: when the machine has come into another network, its connections are dead and
// neither end knows. A program that learns of it from its system tells the pool, and the status says within
// seconds that no peer is there; it is synced again as soon as peers can be reached.
func TestNetworkChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network, now := oneNode(t)
		host := network.Hosts()[0]
		defer running(t, network.Run)()
		c, err := spvd.Open(spvd.Config{Dir: t.TempDir(), Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: network.Dial, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, c.Run)
		within := func(most time.Duration, what string, cond func(spv.Status) bool) {
			t.Helper()
			began := time.Now()
			if err := c.Sync().Wait(t.Context(), cond); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > most {
				t.Errorf("%s after %v, want %v at most", what, took, most)
			}
		}
		for range 3 {
			wantSynced(t, c)
			peer := c.Peers().Infos()[0].ID
			c.Peers().NetworkChanged() // nothing is wrong
			<-time.After(10 * time.Second)
			if now := c.Peers().Infos()[0].ID; now != peer {
				t.Error("a connection that works was given up")
			}
			host.Partition()
			c.Peers().NetworkChanged()
			within(6*time.Second, "no peer", func(st spv.Status) bool { return !st.Synced && st.Peers == 0 })
			<-time.After(time.Hour)
			host.Heal()
			c.Peers().NetworkChanged()
			within(12*time.Second, "synced", spv.Synced)
		}
		if err := errors.Join(stop(), c.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestManyClientsInOneProcess: each has a directory of its own, and what happens to one concerns
// no other.
func TestManyClientsInOneProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chain, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 40})
		if err != nil {
			t.Fatal(err)
		}
		network := testnet.NewNetwork(1, nil)
		network.Add(nodeAddr, testnet.NewNode(testnet.NodeConfig{Chain: chain}), link.Shape{})
		defer running(t, network.Run)()
		ahead := time.Until(chain.Now())
		var all sync.WaitGroup
		for i := range 12 {
			dir := t.TempDir()
			all.Go(func() {
				if err := live(t, spvd.Config{
					Dir: dir, Network: spvd.Simnet, Connect: []string{nodeAddr}, Dial: network.Dial,
					Now: func() time.Time { return time.Now().Add(ahead) },
				}, 1+i%3); err != nil {
					t.Errorf("client %d: %v", i, err)
				}
			})
		}
		all.Wait()
	})
}

// live runs a client until it is synced, as many times as asked for, and closes it.
func live(t *testing.T, cfg spvd.Config, times int) error {
	c, err := spvd.Open(cfg)
	if err != nil {
		return err
	}
	for range times {
		stop := running(t, c.Run)
		if err := c.Sync().Wait(t.Context(), spv.Synced); err != nil {
			return err
		}
		if st := c.Sync().Status(); st.Tip.Height != 40 {
			return fmt.Errorf("synced at block %d", st.Tip.Height)
		}
		if err := stop(); err != nil {
			return err
		}
	}
	return c.Close()
}
