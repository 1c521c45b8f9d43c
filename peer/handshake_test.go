package peer

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// TestHandshakeVersions checks that the lower version of both sides is used.
func TestHandshakeVersions(t *testing.T) {
	for _, tc := range []struct{ theirs, want uint32 }{{11, 11}, {12, 12}, {13, 12}, {70000, 12}} {
		script := func(n *peertest.Node) {
			v := peertest.Version()
			v.ProtocolVersion = int32(tc.theirs)
			n.WelcomeAs(v)
			n.Drain()
		}
		run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
			i := b.only()
			if i.Version != tc.want {
				t.Errorf("peer of version %d: speaking %d, want %d", tc.theirs, i.Version, tc.want)
			}
			if i.UserAgent != "/node:1.0.0/" || i.StartingHeight != 100 || i.Services != uint64(wire.SFNodeNetwork) {
				t.Errorf("claims of the peer: %+v", i)
			}
		})
	}
}

// TestHandshakeIntroduction checks our version message: the true time, no services, no
// addresses, no blocks, and no request for transactions unless configured.
func TestHandshakeIntroduction(t *testing.T) {
	for _, relay := range []bool{false, true} {
		got := make(chan *wire.MsgVersion, 1)
		script := func(n *peertest.Node) { got <- peertest.Expect[*wire.MsgVersion](n) }
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, func(c *Config) { c.RelayTx = relay }, script)
			b.serve(t.Context())
			v := <-got
			switch {
			case v.UserAgent != "/spvd:0.1.0/", v.Services != 0, v.ProtocolVersion != 12, v.DisableRelayTx == relay:
				t.Errorf("introduced as %+v", v)
			case !v.Timestamp.Equal(time.Now().Truncate(time.Second)):
				t.Errorf("time %v, now is %v", v.Timestamp, time.Now())
			case v.LastBlock != -1:
				t.Errorf("claimed height %d", v.LastBlock)
			case !v.AddrYou.IP.IsUnspecified() || !v.AddrMe.IP.IsUnspecified():
				t.Errorf("told the addresses %v and %v", v.AddrYou, v.AddrMe)
			}
			b.net.wg.Wait()
		})
	}
}

// TestHandshakeFreshNonce checks that no two connections send the same nonce.
func TestHandshakeFreshNonce(t *testing.T) {
	nonces := make(chan uint64, 2)
	script := func(n *peertest.Node) { nonces <- peertest.Expect[*wire.MsgVersion](n).Nonce }
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil, script)
		b.serve(t.Context())
		b.serve(t.Context())
		if first, second := <-nonces, <-nonces; first == second {
			t.Errorf("nonce %x was sent twice", first)
		}
		b.net.wg.Wait()
	})
}

// TestHandshakeEarlyMessages checks that a node of version 11 may send other messages before
// its verack, which are answered, while at version 12 verack must be the next message.
func TestHandshakeEarlyMessages(t *testing.T) {
	early := func(pver int32) func(*peertest.Node) {
		return func(n *peertest.Node) {
			peertest.Expect[*wire.MsgVersion](n)
			v := peertest.Version()
			v.ProtocolVersion = pver
			n.Protocol = uint32(pver)
			n.Send(v, wire.NewMsgPing(7), wire.NewMsgGetInitState(), wire.NewMsgVerAck())
			if pver >= 12 {
				return
			}
			peertest.Expect[*wire.MsgVerAck](n)
			if pong := peertest.Expect[*wire.MsgPong](n); pong.Nonce != 7 {
				n.T.Errorf("pong %d, want 7", pong.Nonce)
			}
			peertest.Expect[*wire.MsgInitState](n)
			n.Drain()
		}
	}
	run(t, nil, []func(*peertest.Node){early(11)}, func(t *testing.T, b *bench) { b.only() })
	endsFor(t, scenario{script: early(12)}, fault.BadHandshake)
}

// TestHandshakeTooMuch checks the bounds before the verack: the number of messages, no
// replies without a request, and one version only.
func TestHandshakeTooMuch(t *testing.T) {
	for name, extra := range map[string][]wire.Message{
		"flood":   slices.Repeat([]wire.Message{wire.NewMsgPing(1)}, maxEarly+1),
		"reply":   {peertest.NewChain(3).Headers(1)},
		"version": {peertest.Version()},
	} {
		t.Run(name, func(t *testing.T) {
			endsFor(t, scenario{script: func(n *peertest.Node) {
				peertest.Expect[*wire.MsgVersion](n)
				v := peertest.Version()
				v.ProtocolVersion = 11
				n.Send(v)
				n.Send(extra...)
				n.Drain()
			}}, fault.BadHandshake)
		})
	}
}

// TestHandshakeDeadline checks that a handshake ends in time, also against a peer
// that keeps sending one byte after the other.
func TestHandshakeDeadline(t *testing.T) {
	trickle := func(n *peertest.Node) {
		for _, c := range peertest.Frame(peertest.Params.Net, "version", peertest.Encoded(peertest.Version())) {
			select {
			case <-time.After(time.Second):
			case <-n.T.Context().Done():
			}
			if _, err := n.Conn.Write([]byte{c}); err != nil {
				return
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Config) { c.handshakeTimeout = 15 * time.Second }, func(n *peertest.Node) {
			peertest.Expect[*wire.MsgVersion](n)
			trickle(n)
		})
		begin := time.Now()
		_, why := b.serve(t.Context())
		if took := time.Since(begin); why.Reason != fault.HandshakeTimeout || took != 15*time.Second {
			t.Errorf("ended after %v: %v", took, why)
		}
		b.net.wg.Wait()
	})
}
