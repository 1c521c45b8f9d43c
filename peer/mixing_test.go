package peer

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/crypto/blake256"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/peertest"
	"github.com/spvd/spvd/spv/p2p"
)

// mixingOn is a configuration that takes part in mixing.
func mixingOn(c *Config) { c.RelayTx, c.Mixing = true, true }

// pairRequest returns a message of mixing, and its hash.
func pairRequest(t *testing.T, n byte) (*wire.MsgMixPairReq, chainhash.Hash) {
	t.Helper()
	m, err := wire.NewMsgMixPairReq([33]byte{2, n}, 1000, 1e8, "P2PKH-v0", 0, 0, 1, 2e8,
		[]wire.MixPairReqUTXO{{Script: []byte{}, PubKey: make([]byte, 33), Signature: make([]byte, 64)}}, nil, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	m.WriteHash(blake256.NewHasher256())
	return m, m.Hash()
}

// mixInv announces messages of mixing.
func mixInv(hashes ...chainhash.Hash) *wire.MsgInv {
	inv := wire.NewMsgInv()
	for i := range hashes {
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeMix, &hashes[i]))
	}
	return inv
}

// wantMix fails unless a node is asked for exactly these messages of mixing next.
func wantMix(n *peertest.Node, hashes ...chainhash.Hash) {
	n.T.Helper()
	got := peertest.Expect[*wire.MsgGetData](n)
	if got == nil {
		return
	}
	var asked []chainhash.Hash
	for _, iv := range got.InvList {
		if iv.Type != wire.InvTypeMix {
			n.T.Errorf("asked for a %v", iv.Type)
		}
		asked = append(asked, iv.Hash)
	}
	if !slices.Equal(asked, hashes) {
		n.T.Errorf("asked for %v, want %v", asked, hashes)
	}
}

// TestMixingMessagesAreFetchedOnce: of two peers that announce a message one is asked for it, and it
// is delivered once, byte for byte. The other one is asked when the first does not send one, at once
// after a notfound, and a peer is asked for what one of its messages refers to.
func TestMixingMessagesAreFetchedOnce(t *testing.T) {
	sent, sentHash := pairRequest(t, 1)
	late, lateHash := pairRequest(t, 2)
	referred, referredHash := pairRequest(t, 3)
	var announced chan bool // made in the bubble
	first := peertest.WelcomeThen(func(n *peertest.Node) {
		n.Send(mixInv(sentHash, lateHash))
		wantMix(n, sentHash, lateHash)
		close(announced)
		n.Send(sent, &wire.MsgNotFound{InvList: mixInv(lateHash).InvList})
		wantMix(n, referredHash)
		n.Send(referred)
	})
	second := peertest.WelcomeThen(func(n *peertest.Node) {
		<-announced
		n.Send(mixInv(sentHash, lateHash))
		wantMix(n, lateHash)
		n.Send(late)
	})
	run(t, mixingOn, []func(*peertest.Node){nil, nil}, func(t *testing.T, b *bench) {
		announced = make(chan bool)
		b.net.at("a:1", first)
		b.net.at("b:1", second)
		var got []p2p.MixMessage
		take := func(want int) {
			for len(got) < want {
				<-b.MixChanged()
				got = append(got, b.TakeMix()...)
			}
		}
		take(2)
		b.AskMix(got[0].From, referredHash)
		take(3)
		<-time.After(time.Minute)
		synctest.Wait()
		if more := b.TakeMix(); len(more) > 0 {
			t.Errorf("%d further messages", len(more))
		}
		for i, want := range []*wire.MsgMixPairReq{sent, late, referred} {
			var m wire.MsgMixPairReq
			if err := m.BtcDecode(bytes.NewReader(got[i].Raw), wire.MixVersion); err != nil || got[i].Command != wire.CmdMixPairReq || m.Identity != want.Identity {
				t.Errorf("message %d is %s, %v", i, got[i].Command, err)
			}
			if got[i].Hash != want.Hash() {
				t.Errorf("message %d has hash %v, want %v", i, got[i].Hash, want.Hash())
			}
		}
		for _, i := range b.Infos() {
			if i.Score != 0 {
				t.Errorf("%s has score %d", i.Addr, i.Score)
			}
		}
	})
}

// TestMixingMessagesAreServed: what is offered is announced to each peer and served to those, with
// the earlier message that it refers to; nothing else is.
func TestMixingMessagesAreServed(t *testing.T) {
	early, earlyHash := pairRequest(t, 1)
	offered, hash := pairRequest(t, 2)
	var joined chan bool // made in the bubble
	ask := func(n *peertest.Node, h chainhash.Hash) {
		g := wire.NewMsgGetData()
		g.InvList = mixInv(h).InvList
		n.Send(g)
	}
	old := peertest.WelcomeThen(func(n *peertest.Node) {
		for range 2 {
			inv := peertest.Expect[*wire.MsgInv](n)
			if inv == nil || len(inv.InvList) != 1 || inv.InvList[0].Type != wire.InvTypeMix {
				n.T.Errorf("announced: %v", inv)
				return
			}
			ask(n, inv.InvList[0].Hash)
			peertest.Expect[*wire.MsgMixPairReq](n)
		}
	})
	fresh := peertest.WelcomeThen(func(n *peertest.Node) {
		ask(n, earlyHash) // it was offered to others only
		peertest.Expect[*wire.MsgNotFound](n)
		close(joined)
		peertest.Expect[*wire.MsgInv](n)
		for _, h := range []chainhash.Hash{hash, earlyHash} {
			ask(n, h)
			peertest.Expect[*wire.MsgMixPairReq](n)
		}
		ask(n, chainhash.Hash{9})
		peertest.Expect[*wire.MsgNotFound](n)
	})
	run(t, mixingOn, []func(*peertest.Node){old, nil}, func(t *testing.T, b *bench) {
		joined = make(chan bool)
		if n := b.OfferMix(earlyHash, early); n != 1 {
			t.Errorf("offered to %d peers", n)
		}
		b.net.at("b:1", fresh)
		<-joined
		if n := b.OfferMix(hash, offered, earlyHash); n != 2 {
			t.Errorf("offered to %d peers", n)
		}
		<-time.After(time.Second)
	})
}

// TestMixingIsOff: without the setting announcements are ignored, messages are skipped, and nothing
// is offered. With it a message that was not asked for is a fault.
func TestMixingIsOff(t *testing.T) {
	m, hash := pairRequest(t, 1)
	for _, on := range []bool{false, true} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			script := peertest.WelcomeThen(func(n *peertest.Node) {
				n.Send(m)
				if !on {
					n.Send(mixInv(hash))
				}
				n.Send(wire.NewMsgPing(1))
				peertest.Expect[*wire.MsgPong](n)
			})
			run(t, func(c *Config) { c.RelayTx, c.Mixing = true, on }, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
				<-time.After(time.Second)
				if score := b.only().Score; (score > 0) != on {
					t.Errorf("score %d", score)
				}
				if got := b.TakeMix(); len(got) > 0 {
					t.Errorf("%d messages are delivered", len(got))
				}
				if !on && b.OfferMix(hash, m) != 0 {
					t.Error("a message is offered")
				}
			})
		})
	}
}
