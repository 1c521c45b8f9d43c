package peer

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// scenario is a way to produce a reason. With act the reason is that of the error it returns,
// else the one for which the session ended.
type scenario struct {
	script func(*peertest.Node)
	act    func(b *bench) error
	tune   func(*Config)
	stop   time.Duration // after which the session is to end; zero for never
}

// lossy is a connection that the network breaks after the handshake.
type lossy struct {
	net.Conn
	left int // bytes until it breaks
}

func (l *lossy) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, errors.New("no route to host")
	}
	n, err := l.Conn.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

func scenarios() map[fault.Reason]scenario {
	var armed atomic.Bool // the next reading of the clock panics
	return map[fault.Reason]scenario{
		fault.DialFailed:       {},
		fault.HandshakeTimeout: {script: (*peertest.Node).Drain},
		fault.BadHandshake:     {script: peertest.GreetThen(func(n *peertest.Node) { n.Send(wire.NewMsgPing(1)) })},
		fault.WrongNetwork:     {script: peertest.GreetThen(func(n *peertest.Node) { n.Raw(peertest.Frame(wire.MainNet, "version", nil)) })},
		fault.Garbage:          {script: peertest.GreetThen(func(n *peertest.Node) { n.Raw([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) })},
		fault.SelfConnection:   {script: peertest.Introduce(func(v, ours *wire.MsgVersion) { v.Nonce = ours.Nonce })},
		fault.OldVersion:       {script: peertest.Introduce(func(v, _ *wire.MsgVersion) { v.ProtocolVersion = 10 })},
		fault.NotFullNode:      {script: peertest.Introduce(func(v, _ *wire.MsgVersion) { v.Services = wire.SFNodeCF })},
		fault.ClosedByPeer:     {script: (*peertest.Node).Welcome},
		fault.ConnLost: {script: peertest.WelcomeThen(func(n *peertest.Node) { n.Send(wire.NewMsgPing(1)) }), tune: func(c *Config) {
			dial := c.Dial
			c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				nc, err := dial(ctx, network, addr)
				handshake := len(peertest.Frame(peertest.Params.Net, "verack", nil)) + len(peertest.Frame(peertest.Params.Net, "version", peertest.Encoded(peertest.Version())))
				return &lossy{nc, handshake + 1}, err
			}
		}},
		fault.Defect: {script: peertest.Introduce(func(*wire.MsgVersion, *wire.MsgVersion) { armed.Store(true) }), tune: func(c *Config) {
			c.Now = func() time.Time {
				if armed.Swap(false) {
					panic("no time")
				}
				return time.Now()
			}
		}},
		fault.ClosedByUs: {script: peertest.WelcomeThen(func(*peertest.Node) {}), stop: time.Second},
		fault.Unwanted: {script: peertest.WelcomeThen(func(*peertest.Node) {}), act: func(b *bench) error {
			pending := make(chan error, 1)
			b.net.wg.Go(func() {
				_, _, err := b.CFilter(b.t.Context(), nil, chainhash.Hash{})
				pending <- err
			})
			synctest.Wait()
			if err := b.Ban("a", time.Hour); err != nil {
				b.t.Error(err)
			}
			return <-pending
		}},
		fault.Idle:       {script: peertest.WelcomeThen((*peertest.Node).Drain)},
		fault.WriteStall: {script: func(n *peertest.Node) { n.Welcome(); n.Send(wire.NewMsgPing(1)); <-time.After(time.Minute) }},
		fault.Flood: {script: func(n *peertest.Node) {
			n.Welcome()
			many := wire.NewMsgGetData()
			for range wire.MaxInvPerMsg {
				many.AddInvVect(&wire.InvVect{Type: wire.InvTypeTx})
			}
			n.Send(slices.Repeat([]wire.Message{many}, 10)...)
		}},
		fault.Straggler: {script: peertest.WelcomeThen(func(*peertest.Node) {}), act: func(b *bench) error {
			ctx, cancel := context.WithTimeout(b.t.Context(), time.Second)
			defer cancel()
			for range maxAbandoned + b.cfg.maxRequests {
				b.CFilter(ctx, nil, chainhash.Hash{})
				ctx, cancel = context.WithTimeout(b.t.Context(), time.Millisecond)
				defer cancel()
			}
			_, _, err := b.CFilter(b.t.Context(), nil, chainhash.Hash{})
			return err
		}},
		fault.Malformed: {script: peertest.WelcomeThen(func(n *peertest.Node) { n.Raw(peertest.Frame(peertest.Params.Net, "headers", []byte{1, 2, 3})) })},
		fault.Oversized: {script: peertest.WelcomeThen(func(n *peertest.Node) {
			head := peertest.Frame(peertest.Params.Net, "ping", nil)
			binary.LittleEndian.PutUint32(head[4+wire.CommandSize:], 9)
			n.Raw(head)
		})},
		fault.BadChecksum: {script: peertest.WelcomeThen(func(n *peertest.Node) {
			b := peertest.Frame(peertest.Params.Net, "ping", make([]byte, 8))
			b[len(b)-1]++
			n.Raw(b)
		})},
		fault.Unsolicited: {script: peertest.WelcomeThen(func(n *peertest.Node) {
			c := peertest.NewChain(3)
			for range 4 {
				n.Send(c.Filters(1, 2))
			}
		})},
		fault.Useless: {script: peertest.WelcomeThen(func(*peertest.Node) {}), act: func(b *bench) error {
			pending := make(chan error, 1)
			b.net.wg.Go(func() {
				_, _, err := b.CFilter(b.t.Context(), nil, chainhash.Hash{})
				pending <- err
			})
			synctest.Wait()
			id := b.only().ID
			for range 4 {
				b.Useless(id, errors.New("known headers"))
			}
			return <-pending
		}},
		fault.Invalid: {script: peertest.WelcomeThen(func(*peertest.Node) {}), act: func(b *bench) error {
			pending := make(chan error, 1)
			b.net.wg.Go(func() {
				_, _, err := b.CFilter(b.t.Context(), nil, chainhash.Hash{})
				pending <- err
			})
			synctest.Wait()
			b.Accuse(b.only().ID, errors.New("no work"))
			return <-pending
		}},
		fault.Timeout: {script: peertest.WelcomeThen(func(*peertest.Node) {}), act: func(b *bench) error {
			_, _, err := b.CFilters(b.t.Context(), nil, chainhash.Hash{1}, chainhash.Hash{2}, 0)
			return err
		}},
		fault.NotFound: {script: func(n *peertest.Node) { n.Welcome(); n.Serve(peertest.NewChain(1), nil) }, act: func(b *bench) error {
			_, _, err := b.Block(b.t.Context(), nil, chainhash.Hash{1})
			return err
		}},
		fault.Cancelled: {act: func(b *bench) error {
			ctx, cancel := context.WithTimeout(b.t.Context(), time.Hour)
			defer cancel()
			_, _, err := b.Headers(ctx, nil, nil, chainhash.Hash{})
			if !errors.Is(err, context.DeadlineExceeded) {
				b.t.Errorf("%v does not contain the end of the context", err)
			}
			return err
		}},
		fault.Gone: {script: peertest.WelcomeThen(func(*peertest.Node) {}), act: func(b *bench) error {
			_, err := b.HeadersFrom(b.t.Context(), b.only().ID+1, nil, chainhash.Hash{})
			return err
		}},
	}
}

// TestEveryReason produces each reason of the list, so that the list has none that cannot
// happen.
func TestEveryReason(t *testing.T) {
	all := scenarios()
	for r := fault.Unknown + 1; r < fault.NumReasons; r++ {
		t.Run(r.String(), func(t *testing.T) {
			s, ok := all[r]
			if !ok {
				t.Fatal("no scenario")
			}
			if s.act == nil {
				endsFor(t, s, r)
				return
			}
			run(t, s.tune, []func(*peertest.Node){s.script}, func(t *testing.T, b *bench) {
				if err := s.act(b); !errors.Is(err, r) {
					t.Errorf("got %v, want the reason %q", err, r)
				}
			})
		})
	}
}

// endsFor makes one connection and checks why it ended.
func endsFor(t *testing.T, s scenario, want fault.Reason) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, s.tune, s.script)
		ctx := t.Context()
		if s.stop > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.stop)
			defer cancel()
		}
		_, why := b.serve(ctx)
		if why.Reason != want {
			t.Errorf("session ended for %q (%v), want %q", why.Reason, why, want)
		}
		if why.Peer != "a:1" || !strings.HasPrefix(why.Error(), "peer a:1: "+want.String()) {
			t.Errorf("error %q does not name peer and reason", why)
		}
		if banned := len(b.Bans()) > 0; banned != want.Proven() {
			t.Errorf("banned: %v, proven: %v", banned, want.Proven())
		}
		b.net.wg.Wait()
	})
}
