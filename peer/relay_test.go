package peer

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/spv/p2p"
)

// taken holds the results of TakeTxs.
type taken struct {
	heard  []chainhash.Hash
	asked  []p2p.PeerID // peers that asked for the offered transaction
	echoed []p2p.PeerID // peers that announced it
}

func (b *bench) takeTxs() (got taken) {
	txs, events := b.TakeTxs(1 << 20)
	for _, tx := range txs {
		hash, err := parse.TxID(tx.Raw)
		if err != nil {
			panic(err)
		}
		got.heard = append(got.heard, hash)
	}
	for _, e := range events {
		if e.Requested {
			got.asked = append(got.asked, e.From)
		} else {
			got.echoed = append(got.echoed, e.From)
		}
	}
	return got
}

func invOf(txs ...*wire.MsgTx) *wire.MsgInv {
	inv := wire.NewMsgInv()
	for _, tx := range txs {
		hash := tx.TxHash()
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeTx, &hash))
	}
	return inv
}

func getDataOf(txs ...*wire.MsgTx) *wire.MsgGetData {
	return &wire.MsgGetData{InvList: invOf(txs...).InvList}
}

// relaying is a configuration that asks peers for transactions.
func relaying(c *Config) { c.RelayTx = true }

// TestHearing checks that an announced transaction is fetched and delivered, that mixing
// messages are ignored, and that the mempool is requested once.
func TestHearing(t *testing.T) {
	tx := numberedTx(1)
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		peertest.Expect[*wire.MsgMemPool](n)
		inv := invOf(tx)
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeMix, &chainhash.Hash{9}))
		n.Send(inv)
		if got := peertest.Expect[*wire.MsgGetData](n); got == nil || len(got.InvList) != 1 || got.InvList[0].Hash != tx.TxHash() {
			n.T.Errorf("asked for %v", got)
		}
		n.Send(tx, inv, wire.NewMsgPing(1))
		peertest.Expect[*wire.MsgPong](n) // and no further getdata
	})
	run(t, relaying, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		b.WantTxs(true)
		if err := b.AskMempool(t.Context(), b.only().ID); err != nil {
			t.Error(err)
		}
		if err := b.AskMempool(t.Context(), b.only().ID); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), askedMempool) {
			t.Errorf("asked twice: %v", err)
		}
		synctest.Wait()
		<-b.Changed()
		if got := b.takeTxs(); !slices.Equal(got.heard, []chainhash.Hash{tx.TxHash()}) {
			t.Errorf("heard %v", got.heard)
		}
		if score := b.only().Score; score != 0 {
			t.Errorf("score %d", score)
		}
	})
}

// TestMempoolAgain checks that the mempool is asked for again after two minutes and not
// sooner, and that what the wallet did not keep is fetched again only once that is wanted.
func TestMempoolAgain(t *testing.T) {
	tx := numberedTx(1)
	var asked atomic.Int32 // for the mempool
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		for {
			switch msg, err := n.Read(); m := msg.(type) {
			case *wire.MsgMemPool:
				asked.Add(1)
				n.Send(invOf(tx))
			case *wire.MsgGetData:
				n.Send(tx)
			case *wire.MsgPing:
				n.Send(wire.NewMsgPong(m.Nonce))
			default:
				if err != nil {
					return
				}
			}
		}
	})
	run(t, relaying, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		b.WantTxs(true)
		for round := range 3 {
			if round == 2 {
				b.ForgetUnkept()
			}
			if err := b.AskMempool(t.Context(), b.only().ID); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if got := len(b.takeTxs().heard); (got == 1) == (round == 1) {
				t.Errorf("round %d: %d heard", round, got)
			}
			b.JudgeTx(tx.TxHash(), false, false)
			if got := asked.Load(); got != int32(round+1) {
				t.Errorf("round %d: asked %d times", round, got)
			}
			<-time.After(mempoolPause - time.Second)
			if err := b.AskMempool(t.Context(), b.only().ID); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), askedMempool) {
				t.Errorf("asked in the pause: %v", err)
			}
			<-time.After(time.Second)
		}
	})
}

// TestUnwantedTxs checks that nothing is fetched while transactions are not wanted, and that
// unrequested transactions count against the peer until it is disconnected.
func TestUnwantedTxs(t *testing.T) {
	script := peertest.WelcomeThen(func(n *peertest.Node) {
		n.Send(invOf(numberedTx(1)), wire.NewMsgPing(1))
		peertest.Expect[*wire.MsgPong](n) // and no getdata
		n.Send(numberedTx(1), wire.NewMsgPing(2))
		if _, ok := peertest.Greeting[*wire.MsgPong](n); !ok {
			return // it was disconnected once, and is sooner from then on
		}
		<-time.After(time.Minute)
		n.Send(numberedTx(2), numberedTx(3), numberedTx(4), numberedTx(5))
		n.Drain()
	})
	run(t, relaying, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		if score := b.only().Score; score != fault.Unsolicited.Score() {
			t.Errorf("score %d", score)
		}
		<-time.After(time.Minute + time.Second)
		synctest.Wait()
		if got := b.takeTxs(); len(got.heard) != 0 {
			t.Errorf("heard %v", got.heard)
		}
		left := func(r string) bool { return strings.HasPrefix(r, fault.Unsolicited.String()) }
		if reasons := b.log.reasons(slog.LevelWarn); !slices.ContainsFunc(reasons, left) {
			t.Errorf("the peer was not disconnected for it: %v", reasons)
		}
	})
}

// TestOffering checks that an offered transaction is announced once per peer, served to the
// peers to which it was announced, only while it is offered, and that requests and echoes are
// reported.
func TestOffering(t *testing.T) {
	tx := numberedTx(1)
	hash := tx.TxHash()
	first := peertest.WelcomeThen(func(n *peertest.Node) {
		got := peertest.Expect[*wire.MsgInv](n)
		if got == nil || len(got.InvList) != 1 || got.InvList[0].Hash != hash {
			n.T.Errorf("announced %v", got)
			return
		}
		n.Send(getDataOf(tx, numberedTx(2)))
		if got := peertest.Expect[*wire.MsgTx](n); got == nil || got.TxHash() != hash {
			n.T.Errorf("served %v", got)
		}
		if got := peertest.Expect[*wire.MsgNotFound](n); got == nil || len(got.InvList) != 1 {
			n.T.Errorf("not found: %v", got)
		}
		n.Send(invOf(tx)) // no echo: the peer has it from us
		<-time.After(40 * time.Second)
		n.Send(getDataOf(tx))
		peertest.Expect[*wire.MsgNotFound](n)
	})
	second := peertest.WelcomeThen(func(n *peertest.Node) {
		n.Send(getDataOf(tx))
		peertest.Expect[*wire.MsgNotFound](n)
		<-time.After(20 * time.Second)
		n.Send(invOf(tx), wire.NewMsgPing(1))
		peertest.Expect[*wire.MsgPong](n) // and no getdata
	})
	run(t, relaying, []func(*peertest.Node){first, second}, func(t *testing.T, b *bench) {
		b.WantTxs(true)
		ids := make(map[string]p2p.PeerID)
		for _, i := range b.Infos() {
			ids[i.Addr] = i.ID
		}
		for range 2 {
			if err := b.Offer(t.Context(), ids["a:1"], tx); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		got := b.takeTxs()
		if !slices.Equal(got.asked, []p2p.PeerID{ids["a:1"]}) || len(got.echoed) != 0 {
			t.Errorf("asked by %v, echoed by %v", got.asked, got.echoed)
		}
		<-time.After(30 * time.Second)
		synctest.Wait()
		if got := b.takeTxs(); !slices.Equal(got.echoed, []p2p.PeerID{ids["b:1"]}) {
			t.Errorf("echoed by %v", got.echoed)
		}
		b.Withdraw(hash)
		if err := b.Offer(t.Context(), 99, tx); !errors.Is(err, fault.Gone) {
			t.Errorf("offered to an unknown id: %v", err)
		}
		<-time.After(20 * time.Second)
		synctest.Wait()
	})
}

// TestBlocksOnlyPeer checks that nothing is announced to a peer that wants no transactions: a
// dcrd node disconnects a peer that does.
func TestBlocksOnlyPeer(t *testing.T) {
	script := func(n *peertest.Node) {
		v := peertest.Version()
		v.DisableRelayTx = true
		n.WelcomeAs(v)
		for {
			msg, err := n.Read()
			if err != nil {
				return
			}
			if msg.Command() == wire.CmdInv {
				n.T.Error("a transaction was announced to it")
			}
		}
	}
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		if err := b.Offer(t.Context(), b.only().ID, numberedTx(1)); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "takes no transactions") {
			t.Errorf("offered: %v", err)
		}
		if err := b.AskMempool(t.Context(), b.only().ID); !errors.Is(err, fault.NotFound) || !strings.Contains(err.Error(), silenced) {
			t.Errorf("asked for the mempool: %v", err)
		}
	})
}

// numberedTx returns a transaction that depends on a number only.
func numberedTx(n uint32) *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: n}, 1000, nil))
	tx.AddTxOut(wire.NewTxOut(900, []byte{0x51}))
	return tx
}
