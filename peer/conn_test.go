package peer

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/spv/p2p"
)

// TestInitStateOnce checks that getinitstate is answered once and with an empty message: dcrd
// drops peers that do not answer and bans peers that answer twice.
func TestInitStateOnce(t *testing.T) {
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		n.Send(wire.NewMsgGetInitState())
		if m := peertest.Expect[*wire.MsgInitState](n); len(m.BlockHashes)+len(m.VoteHashes)+len(m.TSpendHashes) != 0 {
			n.T.Errorf("initstate is not empty: %+v", m)
		}
		n.Send(wire.NewMsgGetInitState(), wire.NewMsgPing(5))
		peertest.Expect[*wire.MsgPong](n) // and no second initstate before it
	})
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) { b.only() })
}

// TestGetDataNotFound checks that requests for data that we do not have are answered with
// notfound.
func TestGetDataNotFound(t *testing.T) {
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		ask := wire.NewMsgGetData()
		ask.AddInvVect(&wire.InvVect{Type: wire.InvTypeTx, Hash: chainhash.Hash{1}})
		ask.AddInvVect(&wire.InvVect{Type: wire.InvTypeBlock, Hash: chainhash.Hash{2}})
		n.Send(wire.NewMsgGetData(), ask)
		got := peertest.Expect[*wire.MsgNotFound](n)
		same := func(a, b *wire.InvVect) bool { return *a == *b }
		if !slices.EqualFunc(got.InvList, ask.InvList, same) {
			n.T.Errorf("not found: %v, asked for %v", got.InvList, ask.InvList)
		}
	})
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) { b.only() })
}

// TestPing checks that an idle connection is pinged often enough for dcrd, which
// drops peers after 120 seconds without a message, and that the round trip is
// measured.
func TestPing(t *testing.T) {
	const delay = 70 * time.Millisecond
	var pings []time.Time
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		for {
			msg, err := n.Read()
			if err != nil {
				return
			}
			ping, ok := msg.(*wire.MsgPing)
			if !ok {
				n.T.Errorf("node: got %T", msg)
				return
			}
			pings = append(pings, time.Now())
			<-time.After(delay)
			n.Send(wire.NewMsgPong(ping.Nonce + 1)) // is ignored
			n.Send(wire.NewMsgPong(ping.Nonce))
		}
	})
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		begin := time.Now()
		<-time.After(time.Hour)
		synctest.Wait()
		if got := b.only().Ping; got != delay {
			t.Errorf("round trip %v, want %v", got, delay)
		}
		if n := len(pings); n < 30 || n > 60 {
			t.Errorf("%d pings in an hour", n)
		}
		for _, at := range pings {
			if at.Sub(begin) > 110*time.Second {
				t.Errorf("%v without a message from us", at.Sub(begin))
			}
			begin = at
		}
	})
}

// TestIdleDisconnect checks when a peer that answers no ping is disconnected.
func TestIdleDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil, peertest.WelcomeThen((*peertest.Node).Drain))
		lived, why := b.serve(t.Context())
		if why.Reason != fault.Idle || lived != b.cfg.pingEvery+b.cfg.pongTimeout {
			t.Errorf("disconnected after %v: %v", lived, why)
		}
		b.net.wg.Wait()
	})
}

// TestUnknownMessages checks that unknown and unused messages are skipped.
func TestUnknownMessages(t *testing.T) {
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		n.Raw(peertest.Frame(peertest.Params.Net, "novelty", make([]byte, 1<<20)))
		n.Send(wire.NewMsgFeeFilter(1), wire.NewMsgMemPool(), wire.NewMsgGetAddr(), wire.NewMsgPing(9))
		peertest.Expect[*wire.MsgPong](n)
	})
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		if i := b.only(); i.Score != 0 || i.Unknown != 1 || i.BytesReceived < 1<<20 {
			t.Errorf("%+v", i)
		}
	})
}

// TestReplies checks each kind of request against a good node.
func TestReplies(t *testing.T) {
	chain := peertest.NewChain(250)
	script := func(n *peertest.Node) { n.Welcome(); n.Serve(chain, nil) }
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		ctx := t.Context()
		id := b.only().ID
		check := func(name string, got, want []byte, from p2p.PeerID, err error) {
			t.Helper()
			if err != nil || from != id || !slices.Equal(got, want) {
				t.Errorf("%s: %d bytes from %d, want %d bytes from %d: %v", name, len(got), from, len(want), id, err)
			}
		}
		got, from, err := b.Headers(ctx, nil, chain.Hashes[100:101], chainhash.Hash{})
		check("headers", got, peertest.Payload(t, chain.Headers(101)), from, err)
		got, from, err = b.Headers(ctx, nil, chain.Hashes[249:], chainhash.Hash{})
		check("no headers", got, peertest.Payload(t, wire.NewMsgHeaders()), from, err)
		got, err = b.HeadersFrom(ctx, id, []chainhash.Hash{{1}}, chainhash.Hash{})
		check("headers from", got, peertest.Payload(t, chain.Headers(1)), id, err)
		got, from, err = b.CFilters(ctx, nil, chain.Hashes[10], chain.Hashes[109], 0)
		check("cfilters", got, peertest.Payload(t, chain.Filters(10, 109)), from, err)
		f := chain.Filter(7)
		got, from, err = b.CFilter(ctx, nil, chain.Hashes[7])
		check("cfilter", got, peertest.Payload(t, &f), from, err)
		block, from, err := b.Block(ctx, nil, chain.Hashes[9])
		check("block", peertest.Payload(t, block), peertest.Payload(t, chain.Blocks[9]), from, err)
		if i := b.only(); i.Height != 249 {
			t.Errorf("claimed height %d, want that of the last header", i.Height)
		}
	})
}

// TestBlockMalformed checks that a block whose transactions do not decode is a
// proven fault.
func TestBlockMalformed(t *testing.T) {
	chain := peertest.NewChain(3)
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		peertest.Expect[*wire.MsgGetData](n)
		n.Raw(peertest.Frame(peertest.Params.Net, "block", peertest.Encoded(chain.Blocks[1])[:wire.MaxBlockHeaderPayload+1]))
	})
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		_, _, err := b.Block(t.Context(), nil, chain.Hashes[1])
		if !errors.Is(err, fault.Malformed) || len(b.Bans()) != 1 {
			t.Errorf("%v, bans %v", err, b.Bans())
		}
	})
}

// TestRequestDeadlines checks the deadlines of a request: arriving bytes of the reply put off
// the first deadline, unless they are too few, and not the last. Other messages put off none.
func TestRequestDeadlines(t *testing.T) {
	whole := peertest.Frame(peertest.Params.Net, wire.CmdCFiltersV2, peertest.Encoded(wire.NewMsgCFiltersV2([]wire.MsgCFilterV2{
		{BlockHash: chainhash.Hash{1}, Data: make([]byte, 60_000)}, {BlockHash: chainhash.Hash{2}}})))
	trickle := func(bytes int, every time.Duration) func(*peertest.Node) {
		return peertest.WelcomeThen(func(n *peertest.Node) {
			peertest.Expect[*wire.MsgGetCFsV2](n)
			n.Raw(whole[:wire.MessageHeaderSize+maxHead])
			for i := range 900 {
				<-time.After(every)
				from := wire.MessageHeaderSize + maxHead + i*bytes
				n.Raw(whole[from : from+bytes])
			}
		})
	}
	chatter := peertest.WelcomeThen(func(n *peertest.Node) {
		peertest.Expect[*wire.MsgGetCFsV2](n)
		for range 1000 {
			<-time.After(time.Second)
			n.Send(wire.NewMsgFeeFilter(1))
		}
	})
	for _, tc := range []struct {
		script func(*peertest.Node)
		rate   int
		want   time.Duration
	}{
		{peertest.WelcomeThen(func(*peertest.Node) {}), 1, 10 * time.Second},
		{trickle(32, 4*time.Second), 1, 90 * time.Second},
		{trickle(32, 4*time.Second), 64, 10 * time.Second}, // 8 bytes a second
		{trickle(32, 11*time.Second), 1, 10 * time.Second},
		{chatter, 1, 10 * time.Second},
	} {
		run(t, func(c *Config) { c.pingEvery, c.minRate = time.Hour, tc.rate }, []func(*peertest.Node){tc.script}, func(t *testing.T, b *bench) {
			begin := time.Now()
			_, _, err := b.CFilters(t.Context(), nil, chainhash.Hash{1}, chainhash.Hash{2}, 0)
			if took := time.Since(begin); took != tc.want || !errors.Is(err, fault.Timeout) {
				t.Errorf("failed after %v, want %v: %v", took, tc.want, err)
			}
		})
	}
}

// TestLateReply checks that replies to requests that expired or were cancelled do no harm,
// and that later requests of the same kind get their own replies.
func TestLateReply(t *testing.T) {
	chain := peertest.NewChain(300)
	late := 11 * time.Second
	script := func(n *peertest.Node) {
		n.Welcome()
		n.Serve(chain, func(m wire.Message) bool {
			if _, ok := m.(*wire.MsgPing); !ok && late > 0 {
				<-time.After(late)
			}
			return false
		})
	}
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		requests := []func(context.Context) error{
			func(ctx context.Context) error {
				_, _, err := b.Headers(ctx, nil, chain.Hashes[100:101], chainhash.Hash{})
				return err
			},
			func(ctx context.Context) error {
				_, _, err := b.CFilters(ctx, nil, chain.Hashes[1], chain.Hashes[50], 0)
				return err
			},
			func(ctx context.Context) error {
				_, _, err := b.CFilter(ctx, nil, chain.Hashes[1])
				return err
			},
			func(ctx context.Context) error {
				_, _, err := b.Block(ctx, nil, chain.Hashes[1])
				return err
			},
		}
		for i, ask := range requests {
			if err := ask(t.Context()); !errors.Is(err, fault.Timeout) {
				t.Errorf("request %d: %v", i, err)
			}
			<-time.After(time.Minute)
			if err := ask(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("request %d: %v", i, err)
			}
		}
		<-time.After(10 * time.Minute)
		synctest.Wait()
		late = 0
		got, _, err := b.Headers(t.Context(), nil, chain.Hashes[200:201], chainhash.Hash{})
		if err != nil || !slices.Equal(got, peertest.Payload(t, chain.Headers(201))) {
			t.Errorf("headers after late ones: %d bytes, %v", len(got), err)
		}
		if i := b.only(); i.ID != 1 {
			t.Error("the connection did not survive late replies")
		}
		if got, _ := b.bans.Score("a"); got > float64(4*fault.Timeout.Score()) {
			t.Errorf("%v points for four timeouts", got)
		}
	})
}

// TestSendHeaders checks that sendheaders is sent once per connection, and that unrequested
// headers are announcements from then on only.
func TestSendHeaders(t *testing.T) {
	chain := peertest.NewChain(10)
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		n.Send(chain.Headers(9)) // not asked for
		peertest.Expect[*wire.MsgSendHeaders](n)
		n.Send(chain.Headers(9))
		peertest.Expect[*wire.MsgGetHeaders](n)
		n.Send(chain.Headers(8)) // an announcement that is sent before the reply
		n.Send(chain.Headers(2))
		n.Send(wire.NewMsgHeaders()) // no headers
	})
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		id := b.only().ID
		<-b.Changed()
		if s := b.only().Score; s != fault.Unsolicited.Score() {
			t.Errorf("score %d after unsolicited headers", s)
		}
		for range 3 {
			if err := b.SendHeaders(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
		got, err := b.HeadersFrom(t.Context(), id, chain.Hashes[1:2], chainhash.Hash{})
		if err != nil || !slices.Equal(got, peertest.Payload(t, chain.Headers(2))) {
			t.Errorf("reply among announcements: %d bytes, %v", len(got), err)
		}
		synctest.Wait()
		var news [][]byte
		for a := range b.TakeAnnouncements() {
			if a.From != id || a.Blocks != nil {
				t.Errorf("announcement from %d with %d blocks", a.From, len(a.Blocks))
			}
			news = append(news, a.Headers)
		}
		want := [][]byte{peertest.Payload(t, chain.Headers(9)), peertest.Payload(t, chain.Headers(8))}
		if !slices.EqualFunc(news, want, slices.Equal[[]byte]) {
			t.Errorf("%d announcements", len(news))
		}
		if err := b.SendHeaders(t.Context(), id+1); !errors.Is(err, fault.Gone) {
			t.Errorf("sendheaders to an unknown id: %v", err)
		}
	})
}

// TestHeadersPoke checks that the pool is poked for announced headers, and for headers of any
// kind when they raise the height that the peer claims.
func TestHeadersPoke(t *testing.T) {
	chain := peertest.NewChain(200)
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		peertest.Expect[*wire.MsgSendHeaders](n)
		<-time.After(time.Second)
		n.Send(chain.Headers(199)) // claims more than the version did
		<-time.After(time.Second)
		n.Send(chain.Headers(199)) // claims nothing new
		peertest.Expect[*wire.MsgGetHeaders](n)
		n.Send(chain.Headers(150))
	})
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		id := b.only().ID
		<-b.Changed()
		if err := b.SendHeaders(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		for i := range 2 {
			<-b.Changed()
			if at := time.Since(begin); at != time.Duration(i+1)*time.Second {
				t.Errorf("poke %d after %v", i, at)
			}
		}
		if h := b.only().Height; h != 199 {
			t.Errorf("claimed height %d", h)
		}
		if _, err := b.HeadersFrom(t.Context(), id, chain.Hashes[149:150], chainhash.Hash{}); err != nil {
			t.Error(err)
		}
		select {
		case <-b.Changed():
			t.Error("poke though nothing changed")
		default:
		}
	})
}

// TestBlockAnnouncements checks that announced blocks are delivered in order, that the pool
// is poked, and that the reader does not wait for the consumer.
func TestBlockAnnouncements(t *testing.T) {
	const sent = maxAnnouncements + 10
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		for i := range sent {
			inv := wire.NewMsgInv()
			inv.AddInvVect(&wire.InvVect{Type: wire.InvTypeTx, Hash: chainhash.Hash{255}})
			inv.AddInvVect(&wire.InvVect{Type: wire.InvTypeBlock, Hash: chainhash.Hash{byte(i)}})
			n.Send(inv)
		}
		n.Send(wire.NewMsgInv(), wire.NewMsgPing(1))
		peertest.Expect[*wire.MsgPong](n)
	})
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		select {
		case <-b.Changed():
		default:
			t.Error("no poke")
		}
		next := byte(sent - maxAnnouncements)
		for a := range b.TakeAnnouncements() {
			if a.Headers != nil || len(a.Blocks) != 1 || a.Blocks[0] != (chainhash.Hash{next}) {
				t.Errorf("announcement %v, want %d", a.Blocks, next)
			}
			next++
		}
		if next != sent {
			t.Errorf("announcements up to %d, want all up to %d", next, sent)
		}
		for range b.TakeAnnouncements() {
			t.Error("announcements were taken twice")
		}
	})
}

// TestPingOnDemand checks that each peer is pinged at once, and only once while it owes a
// pong.
func TestPingOnDemand(t *testing.T) {
	pings := make(chan *wire.MsgPing, 10)
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		for {
			msg, err := n.Read()
			if err != nil {
				return
			}
			if ping, ok := msg.(*wire.MsgPing); ok {
				pings <- ping
				<-time.After(40 * time.Millisecond)
				n.Send(wire.NewMsgPong(ping.Nonce))
			}
		}
	})
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		<-time.After(time.Second)
		for range 3 {
			b.Ping()
		}
		<-time.After(20 * time.Millisecond)
		if i := b.only(); i.PingWait <= 0 {
			t.Errorf("while the pong is awaited: %+v", i)
		}
		<-time.After(time.Second)
		if i := b.only(); i.PingWait != 0 || i.Ping != 40*time.Millisecond || len(pings) != 1 {
			t.Errorf("%d pings, then %+v", len(pings), i)
		}
		b.Ping()
		<-time.After(time.Second)
		if len(pings) != 2 {
			t.Errorf("%d pings", len(pings))
		}
	})
}
