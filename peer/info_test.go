package peer

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// TestInfo checks that each field of Info is true.
func TestInfo(t *testing.T) {
	chain := peertest.NewChain(200)
	var quiet atomic.Bool
	script := func(n *peertest.Node) {
		v := peertest.Version()
		v.Timestamp = v.Timestamp.Add(-7 * time.Second)
		v.DisableRelayTx = true
		n.WelcomeAs(v)
		n.Serve(chain, func(msg wire.Message) bool {
			if msg.Command() == wire.CmdGetHeaders {
				<-time.After(100 * time.Millisecond) // an instant reply measures nothing
			}
			return quiet.Load() || msg.Command() == wire.CmdGetCFilterV2
		})
	}
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		since := time.Now()
		<-time.After(time.Second)
		i := b.only()
		if i.Addr != "a:1" || i.Role != Wanted || !i.Connected.Equal(since) || i.LocalAddr == "" {
			t.Errorf("connection: %+v", i)
		}
		if i.Services != uint64(wire.SFNodeNetwork) || i.Version != wire.ProtocolVersion || i.UserAgent != "/node:1.0.0/" ||
			i.StartingHeight != 100 || i.Height != 100 || i.WantsTx || i.TimeOffset != -7*time.Second {
			t.Errorf("claims: %+v", i)
		}
		if i.Rate != 0 || i.Requests != 0 || i.RequestBytes != 0 || i.Score != 0 || i.LastReason != 0 || i.PingWait != 0 {
			t.Errorf("before any request: %+v", i)
		}

		payload, _, err := b.Headers(t.Context(), nil, nil, chainhash.Hash{})
		if err != nil {
			t.Fatal(err)
		}
		j := b.only()
		if got := j.BytesReceived - i.BytesReceived; got != uint64(len(payload)+wire.MessageHeaderSize) {
			t.Errorf("%d bytes received for a payload of %d", got, len(payload))
		}
		if j.BytesSent <= i.BytesSent || !j.LastReceived.Equal(time.Now()) || !j.LastSent.Equal(time.Now().Add(-100*time.Millisecond)) {
			t.Errorf("after a request: %+v", j)
		}
		if j.Height != 199 || j.StartingHeight != 100 || j.Rate <= 0 {
			t.Errorf("after 199 headers: %+v", j)
		}

		failed := make(chan error, 1)
		b.net.wg.Go(func() {
			_, _, err := b.CFilter(t.Context(), nil, chain.Hashes[1])
			failed <- err
		})
		synctest.Wait()
		if i := b.only(); i.Requests != 1 || i.RequestBytes <= 0 {
			t.Errorf("while a request is in flight: %+v", i)
		}
		if err := <-failed; err == nil {
			t.Fatal("a request without an answer succeeded")
		}
		if i := b.only(); i.Requests != 0 || i.Score != fault.Timeout.Score() || i.LastReason != fault.Timeout {
			t.Errorf("after a request that was not answered: %+v", i)
		}

		quiet.Store(true)
		<-time.After(b.cfg.pingEvery + b.cfg.pongTimeout/2)
		if i := b.only(); i.PingWait <= 0 || i.PingWait > b.cfg.pongTimeout {
			t.Errorf("while a pong is awaited: %+v", i)
		}
		<-time.After(b.cfg.pongTimeout + b.cfg.retryMax)
		if i := b.only(); i.LastReason != fault.Idle || i.ID == 1 {
			t.Errorf("after a ping that was not answered: %+v", i)
		}
	})
}
