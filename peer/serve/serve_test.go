package serve

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// TestHeaders: after locators as of full nodes; at most 2,000; none while there is too little work.
func TestHeaders(t *testing.T) {
	served(t, 2300, func(w *world) {
		c := w.join("192.0.2.9")
		want := func(got []*wire.BlockHeader, from, to int) {
			t.Helper()
			if len(got) != to-from+1 {
				t.Fatalf("%d headers, want %d", len(got), to-from+1)
			}
			for i, h := range got {
				if h.BlockHash() != w.chain.ID(heightOf(from+i)).Hash {
					t.Fatalf("header %d differs", from+i)
				}
			}
		}
		id := func(h int) chainhash.Hash { return w.chain.ID(heightOf(h)).Hash }
		unknown := chainhash.Hash{1}
		want(c.headersAfter(chainhash.Hash{}, unknown), 1, 2000)
		want(c.headersAfter(chainhash.Hash{}, unknown, id(2000), id(10)), 2001, 2300)
		want(c.headersAfter(chainhash.Hash{}, id(2300)), 2301, 2300)
		want(c.headersAfter(id(1500), id(1200)), 1201, 1500)
		want(c.headersAfter(id(77)), 77, 77)
		want(c.headersAfter(unknown), 1, 0)
		w.set(func() { w.enough = false })
		want(c.headersAfter(chainhash.Hash{}, id(0)), 1, 0)
	})
}

// TestFilters: singly and in batches; what is not there is left without an answer, and the
// connection stays.
func TestFilters(t *testing.T) {
	served(t, 300, func(w *world) {
		c := w.join("192.0.2.9")
		id := func(h int) chainhash.Hash { return w.chain.ID(heightOf(h)).Hash }
		batch := func(from, to chainhash.Hash) { c.send(wire.NewMsgGetCFsV2(&from, &to)) }
		check := func(f *wire.MsgCFilterV2, h int) {
			t.Helper()
			if f.BlockHash != id(h) || string(f.Data) != string(w.chain.Filter(heightOf(h))) || f.ProofIndex != 0 || len(f.ProofHashes) != 0 {
				t.Fatalf("filter %d differs", h)
			}
		}
		needs := func(h consensus.Height) {
			t.Helper()
			if got := w.server.NeedsFrom(); got != h {
				t.Errorf("filters are needed from %d on, want %d", got, h)
			}
		}
		needs(consensus.Never)
		for _, r := range [][2]int{{0, 99}, {201, 300}, {7, 7}} {
			batch(id(r[0]), id(r[1]))
			got, ok := c.next().(*wire.MsgCFiltersV2)
			if !ok || len(got.CFilters) != r[1]-r[0]+1 {
				t.Fatalf("%v: got %T of %d", r, got, len(got.CFilters))
			}
			for i := range got.CFilters {
				check(&got.CFilters[i], r[0]+i)
			}
		}
		single := id(42)
		c.send(wire.NewMsgGetCFilterV2(&single))
		if got, ok := c.next().(*wire.MsgCFilterV2); !ok {
			t.Fatalf("got %T", got)
		} else {
			check(got, 42)
		}
		needs(0)
		w.set(func() { w.floor = 50 })
		batch(id(0), id(100))           // too many
		batch(id(60), id(59))           // the wrong way round
		batch(id(49), id(60))           // below the floor
		batch(chainhash.Hash{1}, id(3)) // unknown
		c.send(wire.NewMsgGetCFilterV2(&chainhash.Hash{2}))
		c.silent(time.Minute)
		batch(id(50), id(60))
		if got, ok := c.next().(*wire.MsgCFiltersV2); !ok || len(got.CFilters) != 11 {
			t.Fatalf("got %T", got)
		}
	})
}

// TestNeeds: the lowest filter that a client was sent counts for ten minutes, then a later one does.
func TestNeeds(t *testing.T) {
	at := time.Unix(1000, 0)
	n := need{}.and(50, at).and(40, at.Add(time.Minute)).and(60, at.Add(needsFor))
	if n.lowest != 40 || n.since != at || n.last != at.Add(needsFor) {
		t.Errorf("needs %+v", n)
	}
	if n = n.and(70, at.Add(needsFor+time.Second)); n.lowest != 70 {
		t.Errorf("later it needs %+v", n)
	}
}

// TestSmallAnswers: pings, the initial state, and what is left without an answer.
func TestSmallAnswers(t *testing.T) {
	served(t, 200, func(w *world) {
		c := w.join("192.0.2.9")
		c.send(wire.NewMsgPing(77))
		if pong, ok := c.next().(*wire.MsgPong); !ok || pong.Nonce != 77 {
			t.Errorf("got %+v", pong)
		}
		ask := wire.NewMsgGetInitState()
		ask.Types = []string{wire.InitStateHeadBlocks, wire.InitStateHeadBlockVotes, wire.InitStateTSpends}
		c.send(ask)
		tip := w.chain.Tip().Hash
		if got, ok := c.next().(*wire.MsgInitState); !ok || !slices.Equal(got.BlockHashes, []chainhash.Hash{tip}) || len(got.VoteHashes)+len(got.TSpendHashes) > 0 {
			t.Errorf("got %+v", got)
		}
		c.send(wire.NewMsgGetAddr())
		c.send(wire.NewMsgMemPool())
		if err := errors.Join(c.raw("feefilter", make([]byte, 8)), c.raw("whatever", make([]byte, 100_000))); err != nil {
			t.Fatal(err)
		}
		c.silent(time.Minute)
		c.send(ask) // a full node bans for it
		c.gone(time.Second)
	})
}

// TestBlocks: fetched once for all, in the order of the request; one notfound for the rest.
func TestBlocks(t *testing.T) {
	served(t, 40, func(w *world) {
		id := func(h int) chainhash.Hash { return w.chain.ID(heightOf(h)).Hash }
		a, b := w.join("192.0.2.9"), w.join("192.0.2.10")
		w.set(func() { w.fetching = make(chan struct{}) })
		a.ask(wire.InvTypeBlock, id(3), chainhash.Hash{9}, id(4), id(3))
		b.ask(wire.InvTypeBlock, id(4))
		synctest.Wait()
		a.send(wire.NewMsgPing(1)) // is answered meanwhile
		if _, ok := a.next().(*wire.MsgPong); !ok {
			t.Error("no pong")
		}
		w.set(func() { close(w.fetching); w.fetching = nil })
		for _, h := range []int{3, 4, 3} {
			if got, ok := a.next().(*wire.MsgBlock); !ok || got.BlockHash() != id(h) {
				t.Fatalf("got %T, want block %d", got, h)
			}
		}
		if got, ok := a.next().(*wire.MsgNotFound); !ok || len(got.InvList) != 1 || got.InvList[0].Hash != (chainhash.Hash{9}) {
			t.Errorf("got %+v", got)
		}
		if got, ok := b.next().(*wire.MsgBlock); !ok || got.BlockHash() != id(4) {
			t.Errorf("got %T", got)
		}
		if s := w.server.Stats(); s.Fetched != 2 || s.Blocks != 4 || w.fetches[id(3)] != 1 || w.fetches[id(4)] != 1 || w.fetches[chainhash.Hash{9}] != 0 {
			t.Errorf("stats %+v, fetches %v", s, w.fetches)
		}
	})
}

// TestBlockThatNobodyHas is answered with notfound, when it was tried for long enough, and is
// fetched again for the next request.
func TestBlockThatNobodyHas(t *testing.T) {
	served(t, 40, func(w *world) {
		c := w.join("192.0.2.9")
		w.set(func() { w.fetching = make(chan struct{}) })
		hash := w.chain.ID(3).Hash
		began := time.Now()
		c.ask(wire.InvTypeBlock, hash)
		if got, ok := c.next().(*wire.MsgNotFound); !ok || time.Since(began) != fetchTime {
			t.Errorf("got %T after %v", got, time.Since(began))
		}
		w.set(func() { close(w.fetching); w.fetching = nil })
		c.ask(wire.InvTypeBlock, hash)
		if got, ok := c.next().(*wire.MsgBlock); !ok {
			t.Errorf("got %T", got)
		}
	})
}

// TestAnnouncements: by inventory or by headers, as asked; of a reorganisation the new branch; of
// many at once the last.
func TestAnnouncements(t *testing.T) {
	served(t, 100, func(w *world) {
		a, b := w.join("192.0.2.9"), w.join("192.0.2.10")
		b.send(wire.NewMsgSendHeaders())
		synctest.Wait()
		want := func(from, to int) {
			t.Helper()
			invs, ok1 := a.next().(*wire.MsgInv)
			headers, ok2 := b.next().(*wire.MsgHeaders)
			if !ok1 || !ok2 || len(invs.InvList) != to-from+1 || len(headers.Headers) != to-from+1 {
				t.Fatalf("announced %+v and %+v, want %d-%d", invs, headers, from, to)
			}
			for i := range invs.InvList {
				hash := w.chain.ID(heightOf(from + i)).Hash
				if invs.InvList[i].Hash != hash || headers.Headers[i].BlockHash() != hash {
					t.Fatalf("block %d differs", from+i)
				}
			}
		}
		w.set(func() { w.chain = w.chain.Extend(1) })
		want(101, 101)
		w.set(func() { w.chain = w.chain.Extend(3) })
		want(102, 104)
		w.set(func() { w.chain = w.chain.Fork(100, 6, 9) })
		want(101, 106)
		w.set(func() { w.chain = w.chain.Extend(200) })
		want(306, 306)
		w.set(func() { w.state.Current = false; w.chain = w.chain.Extend(1) })
		a.silent(time.Minute)
	})
}

// payment returns a transaction, and its size on the wire.
func payment(n byte) *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{n}}, 5, make([]byte, 107)))
	tx.AddTxOut(wire.NewTxOut(4, bytes.Repeat([]byte{n}, 25)))
	return tx
}

// TestTransactions: what a client announces is fetched and passed on, once; what was not asked for
// is dropped; what is published is served.
func TestTransactions(t *testing.T) {
	served(t, 40, func(w *world) {
		c := w.join("2001:db8::7")
		one, two, known := payment(1), payment(2), payment(3)
		w.set(func() { w.published[known.TxHash()] = known })
		m := wire.NewMsgInv()
		m.InvList = append(inv(wire.InvTypeTx, one.TxHash(), known.TxHash()), inv(wire.InvTypeBlock, chainhash.Hash{1})...)
		c.send(m)
		if got, ok := c.next().(*wire.MsgGetData); !ok || len(got.InvList) != 1 || got.InvList[0].Hash != one.TxHash() {
			t.Fatalf("got %+v", got)
		}
		c.send(two)
		c.send(one)
		c.send(one)
		c.send(two)
		synctest.Wait()
		want, _ := one.Bytes()
		if got, _ := w.passed[0].Bytes(); !bytes.Equal(got, want) { // other messages came after it
			t.Errorf("passed on %x, want %x", got, want)
		}
		if len(w.passed) != 1 || w.passed[0].TxHash() != one.TxHash() || w.sources[0] != "2001:db8::/64" {
			t.Errorf("passed on %v of %v", w.passed, w.sources)
		}
		c.ask(wire.InvTypeTx, known.TxHash(), two.TxHash())
		if got, ok := c.next().(*wire.MsgTx); !ok || got.TxHash() != known.TxHash() {
			t.Errorf("got %T", got)
		}
		if got, ok := c.next().(*wire.MsgNotFound); !ok || len(got.InvList) != 1 {
			t.Errorf("got %T", got)
		}
	})
}

// TestGate: nothing is listened at before the store is open; when it is closed, clients are
// served what they have asked for, and left.
func TestGate(t *testing.T) {
	served(t, 300, func(w *world) {
		c := w.join("192.0.2.9")
		m := wire.NewMsgGetHeaders()
		m.BlockLocatorHashes = pointers(w.chain.ID(0).Hash)
		c.send(m)
		synctest.Wait() // it is queued, and not read
		w.set(func() { w.state.Open = false })
		if got, ok := c.next().(*wire.MsgHeaders); !ok || len(got.Headers) != 300 {
			t.Errorf("got %T", got)
		}
		c.gone(drainTime)
		synctest.Wait()
		if w.dial("192.0.2.9") != nil || w.server.Listeners()[0].Bound != "" {
			t.Error("it is still listened at")
		}
		w.set(func() { w.state.Open = true })
		w.join("192.0.2.9")
	})
}

// TestPortIsTaken: it is reported, concerns no other address, and is tried again.
func TestPortIsTaken(t *testing.T) {
	const other = "[::1]:9108"
	served(t, 40, func(w *world) {
		w.join("192.0.2.9")
		w.mu.Lock()
		w.binds[other] = errors.New("address already in use")
		w.listeners[other].Close()
		w.mu.Unlock()
		synctest.Wait()
		if got := w.trouble(); got != "Light clients are not served at "+other+" at the moment: it is no longer listened at." {
			t.Errorf("reported %q", got)
		}
		w.pass(bindPause)
		if got := w.trouble(); got != "Light clients are not served at "+other+" at the moment: address already in use." {
			t.Errorf("reported %q", got)
		}
		w.join("192.0.2.10")
		w.set(func() { delete(w.binds, other) })
		w.pass(bindPause)
		if got := w.trouble(); got != "" || w.server.Listeners()[1].Bound != other {
			t.Errorf("reported %q, %+v", got, w.server.Listeners())
		}
	}, func(c *Config) { c.Listen = append(c.Listen, other) })
}

// TestWrongConfigs are refused.
func TestWrongConfigs(t *testing.T) {
	for _, address := range []string{"", "localhost:9108", "192.0.2.1", ":9108", "192.0.2.1:x", "192.0.2.1:70000", "a.example:9108"} {
		if checkAddress(address) == nil {
			t.Errorf("%q is accepted", address)
		}
	}
	for _, address := range []string{"0.0.0.0:0", "[::]:9108", "192.0.2.1:9108"} {
		if err := checkAddress(address); err != nil {
			t.Error(err)
		}
	}
	if _, err := New(Config{}); err == nil {
		t.Error("the zero value is accepted")
	}
}
