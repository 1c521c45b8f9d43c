package spv

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/p2p"
)

// latency is how long an honest fake peer takes.
const latency = 20 * time.Millisecond

func TestFirstSyncEndsAtTheTipOfThePeers(t *testing.T) {
	c := generate(t, 4500, nil)
	inHouse(t, c, nil, func(h *house) {
		for range 3 {
			h.net.join(&fakePeer{chain: c, latency: latency})
		}
		h.start()
		h.untilSyncedTo(time.Minute, c)
		if st := h.syncer.Status(); st.Ratio != 1 || st.Peers != 3 || !st.Headers.Done() || !st.Filters.Done() || !st.Rescan.Done() {
			h.Errorf("status when synced: %+v", st)
		}
	})
}

func TestNothingIsDownloadedTwice(t *testing.T) {
	c := generate(t, 4500, nil)
	inHouse(t, c, nil, func(h *house) {
		var peers []*fakePeer
		for range 4 {
			peers = append(peers, h.net.join(&fakePeer{chain: c, latency: latency}))
		}
		h.start()
		h.untilSyncedTo(time.Minute, c)
		requests := make(map[string]int)
		for _, p := range peers {
			asked, _ := h.net.told(p)
			for _, kind := range asked {
				requests[kind]++
			}
			if !slices.Contains(asked, "filters") {
				h.Errorf("peer %d was asked for no filters", p.id)
			}
		}
		// Two full batches and the rest are the tail, then each other peer is asked
		// what it has beyond, and each peer once more after sendheaders.
		if got := requests["headers"]; got > 3+3+4 {
			h.Errorf("%d requests for headers", got)
		}
		if got := requests["filters"]; got > 45+3 { // chunks may be cut at the ends of batches
			h.Errorf("%d requests for 4,500 filters", got)
		}
	})
}

// TestPropertySendHeadersNeverPrecedesTheFirstSync is property 5.
func TestPropertySendHeadersNeverPrecedesTheFirstSync(t *testing.T) {
	c := generate(t, 2500, nil)
	inHouse(t, c, nil, func(h *house) {
		first := h.net.join(&fakePeer{chain: c, latency: latency})
		h.net.sendsHeaders = func() {
			if st := h.syncer.Status(); !st.FirstSyncDone {
				h.Errorf("sendheaders is sent before the first sync is over: %v at %v", st.Phase, st.Headers)
			}
		}
		h.start()
		h.untilSyncedTo(time.Minute, c)
		second := h.net.join(&fakePeer{chain: c, latency: latency})
		h.until(time.Minute, "joined by the second peer", func(st Status) bool { return st.Peers >= 2 })
		c2 := c.Extend(3)
		h.net.extend(first, c2)
		h.net.extend(second, c2)
		h.untilSyncedTo(time.Minute, c2)
		h.pass(time.Second)
		for _, p := range []*fakePeer{first, second} {
			asked, sent := h.net.told(p)
			if sent != 1 {
				h.Errorf("peer %d was sent sendheaders %d times", p.id, sent)
			}
			at := slices.Index(asked, "sendheaders")
			if !slices.Contains(asked[at:], "headers") {
				h.Errorf("peer %d was not asked for headers after sendheaders", p.id)
			}
		}
	})
}

func TestNewBlocksAreFollowedHoweverTheyAreAnnounced(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		p := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.pass(time.Second) // the peer has been sent sendheaders
		// What a header brings is only missing its filter, and what an inv brings
		// its header too. Nothing else may take time, least of all a ticker.
		const grace = time.Millisecond
		for range 5 {
			c = c.Extend(1)
			h.net.extend(p, c)
			h.untilSyncedTo(latency+grace, c)
		}
		h.pass(time.Second)
		h.net.change(p, func(p *fakePeer) { p.sendHeaders = 0 }) // announces by inv from now on
		for range 5 {
			c = c.Extend(1)
			h.net.extend(p, c)
			h.untilSyncedTo(2*latency+grace, c)
		}
	})
}

func TestATipThatIsWithheldIsFoundByAsking(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		p := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		c = c.Extend(1)
		h.net.change(p, func(p *fakePeer) { p.chain = c }) // and no announcement
		h.untilSyncedTo(2*headersync.AnswerAge, c)
	})
}

// TestPropertyReorganisationsLeaveTheBestChain is property 2.
func TestPropertyReorganisationsLeaveTheBestChain(t *testing.T) {
	c := generate(t, 300, nil)
	wallet := newDiary(t, c)
	inHouse(t, c, wallet, func(h *house) {
		p := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		for i, depth := range []consensus.Height{1, 3, 10} {
			c = c.Fork(c.Height()-depth, int(depth)+1, uint64(i+2))
			h.net.extend(p, c)
			h.untilSyncedTo(time.Minute, c)
			re := h.syncer.Status().LastReorg
			if re == nil || re.Depth != int(depth) {
				h.Errorf("after a reorganisation of depth %d the status shows %+v", depth, re)
			}
			deep := func(w Warning) bool { return w.Code == codeDeep }
			if warned := slices.ContainsFunc(h.syncer.Status().Warnings, deep); warned != (depth >= DefaultDeepReorg) {
				h.Errorf("after a reorganisation of depth %d warned is %v", depth, warned)
			}
		}
		if tip := wallet.blocks[len(wallet.blocks)-1]; tip != c.Tip() {
			h.Errorf("the wallet is at %v", tip)
		}
	})
}

func TestALongerChainOfAPeerThatComesLateWins(t *testing.T) {
	short := generate(t, 2600, nil)
	long := short.Fork(100, 5200, 9)
	inHouse(t, long, nil, func(h *house) {
		h.net.join(&fakePeer{chain: short, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, short)
		h.net.join(&fakePeer{chain: long, latency: latency})
		h.untilSyncedTo(time.Minute, long)
	})
}

// TestPropertyARestartContinues is property 3 for clean stops.
func TestPropertyARestartContinues(t *testing.T) {
	c := generate(t, 6000, nil)
	inHouse(t, c, nil, func(h *house) {
		h.cfg.flushBytes = 1
		h.syncer, _ = New(h.cfg)
		p := h.net.join(&fakePeer{chain: c, latency: latency})
		for stop := consensus.Height(1000); stop < 5000; stop += 1000 {
			h.start()
			h.until(time.Minute, "under way", func(st Status) bool { return st.Filters.Current >= stop })
			h.stop()
			if st := h.syncer.Status(); st.Phase != Idle || st.Initialised || st.Synced || st.Peers != 0 {
				h.Errorf("status after a stop: %+v", st)
			}
			h.net.change(p, func(p *fakePeer) { p.asked = nil })
		}
		h.start()
		h.untilSyncedTo(time.Minute, c)
		if asked, _ := h.net.told(p); len(asked) > 35 {
			h.Errorf("%d requests after the last restart: it began anew", len(asked))
		}
	})
}

// TestPropertyLosingAllPeersIsAState is property 9, and part of property 8.
func TestPropertyLosingAllPeersIsAState(t *testing.T) {
	c := generate(t, 300, nil)
	inHouse(t, c, nil, func(h *house) {
		p := h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.net.leave(p)
		st := h.until(time.Second, "not synced", func(st Status) bool { return !st.Synced })
		if st.Peers != 0 || st.Ratio == 1 || st.Hint == "" {
			h.Errorf("status without peers: %+v", st)
		}
		c = c.Extend(40)
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.untilSyncedTo(10*time.Second, c)
	})
}

func TestASilentPeerDoesNotHoldTheSyncUp(t *testing.T) {
	c := generate(t, 4500, nil)
	for name, faulty := range map[string]fakePeer{
		"silent about headers": {silentHeaders: true},
		"silent about filters": {silentFilters: true},
		"silent":               {silentHeaders: true, silentFilters: true},
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, c, nil, func(h *house) {
				faulty.chain, faulty.latency = c, latency
				h.net.join(&faulty) // the first peer: the one that is asked first
				h.net.join(&fakePeer{chain: c, latency: latency})
				h.start()
				h.untilSyncedTo(40*time.Second, c)
				if len(h.net.accused) != 0 {
					h.Errorf("silence was taken for a proven fault: %v", h.net.accused)
				}
			})
		})
	}
}

func TestALiarIsAccusedAndTheSyncGoesOn(t *testing.T) {
	c := generate(t, 4500, nil)
	at := func(off int) func([]byte) { return func(b []byte) { b[min(off, len(b)-1)] ^= 1 } }
	for name, liar := range map[string]fakePeer{
		"wrong header":      {spoilHeaders: at(3 + 50)},
		"unlinked header":   {spoilHeaders: at(3 + 181*700 + 5)},
		"wrong filter":      {spoilFilters: at(1 + 32 + 1 + 20)},
		"filter of another": {spoilFilters: at(5)},
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, c, nil, func(h *house) {
				liar.chain, liar.latency = c, latency
				bad := h.net.join(&liar)
				h.net.join(&fakePeer{chain: c, latency: latency})
				h.start()
				h.untilSyncedTo(time.Minute, c)
				if ids := slices.Collect(maps.Keys(h.net.accused)); !slices.Equal(ids, []p2p.PeerID{bad.id}) {
					h.Errorf("accused are %v, want peer %d", h.net.accused, bad.id)
				}
				var broken *consensus.RuleError
				if !errors.As(h.net.accused[bad.id][0], &broken) {
					h.Errorf("the evidence is %v", h.net.accused[bad.id])
				}
			})
		})
	}
}

// TestPropertyStoppingIsBoundedInEveryPhase is property 7.
func TestPropertyStoppingIsBoundedInEveryPhase(t *testing.T) {
	script := []byte{0x51}
	plan := testnet.Plan{}
	plan.Pay(1500, script, 1e8)
	c := generate(t, 2500, plan)
	for p := Opening; p <= Following; p++ {
		t.Run(p.String(), func(t *testing.T) {
			inHouse(t, c, newDiary(t, c, script), func(h *house) {
				h.net.join(&fakePeer{chain: c, latency: time.Second})
				h.start()
				h.until(time.Hour, p.String(), func(st Status) bool { return st.Phase >= p })
				h.stop()
			})
		})
	}
}

func TestMatchedBlocksReachTheWallet(t *testing.T) {
	first, later := []byte{0x51, 0x51}, []byte{0x52, 0x52}
	plan := testnet.Plan{}
	plan.Pay(10, later, 1e8) // found only once the wallet has grown
	plan.Pay(20, first, 1e8)
	plan.Pay(2400, later, 1e8)
	c := generate(t, 2500, plan)
	wallet := newDiary(t, c, first)
	wallet.grow = [][]byte{later}
	inHouse(t, c, wallet, func(h *house) {
		h.net.join(&fakePeer{chain: c, latency: latency, wrongBlocks: true})
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		pays := func(b *wire.MsgBlock, script []byte) bool {
			return slices.ContainsFunc(b.Transactions, func(tx *wire.MsgTx) bool {
				return slices.ContainsFunc(tx.TxOut, func(o *wire.TxOut) bool { return slices.Equal(o.PkScript, script) })
			})
		}
		for at, script := range map[consensus.Height][]byte{10: later, 20: first, 2400: later} {
			if b := wallet.found[at]; b == nil || !pays(b, script) {
				h.Errorf("the payment in block %d did not reach the wallet", at)
			}
		}
		if len(h.net.accused) != 1 {
			h.Errorf("accused are %v, want the peer with the wrong blocks", h.net.accused)
		}
		before := len(wallet.found)
		c = c.Extend(2)
		for _, p := range h.net.peers {
			h.net.extend(p, c)
		}
		h.untilSyncedTo(time.Minute, c)
		if len(wallet.found) != before || wallet.blocks[len(wallet.blocks)-1] != c.Tip() {
			h.Errorf("after two more blocks the wallet is at %v with %d found", wallet.blocks[len(wallet.blocks)-1], len(wallet.found))
		}
	})
}

func TestABlockThatLeavesTheChainIsNotWaitedFor(t *testing.T) {
	script := []byte{0x51}
	plan := testnet.Plan{}
	plan.Pay(300, script, 1e8)
	c := generate(t, 300, plan)
	wallet := newDiary(t, c, script)
	inHouse(t, c, wallet, func(h *house) {
		p := h.net.join(&fakePeer{chain: c, latency: latency, withheldFrom: 300})
		h.start()
		h.until(time.Minute, "waiting for the block", func(st Status) bool { return st.Phase == Rescanning })
		h.pass(10 * time.Second)
		c = c.Fork(299, 2, 5)
		h.net.change(p, func(p *fakePeer) { p.withheldFrom = 0 })
		h.net.extend(p, c)
		h.untilSyncedTo(time.Minute, c)
		if tip := wallet.blocks[len(wallet.blocks)-1]; tip != c.Tip() {
			h.Errorf("the wallet is at %v", tip)
		}
	})
}

func TestRunIsNotCalledTwiceAtATime(t *testing.T) {
	c := generate(t, 10, nil)
	inHouse(t, c, nil, func(h *house) {
		h.start()
		h.until(time.Minute, "initialised", Initialised)
		if err := h.syncer.Run(h.Context()); !errors.Is(err, ErrRunning) {
			h.Errorf("a second Run returned %v", err)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	whole := Config{Params: consensus.SimNet(), ChainFile: "x", Peers: newFakeNet()}
	for name, spoil := range map[string]func(*Config){
		"no params":      func(c *Config) { c.Params = nil },
		"no file":        func(c *Config) { c.ChainFile = "" },
		"no peers":       func(c *Config) { c.Peers = nil },
		"negative reorg": func(c *Config) { c.DeepReorg = -1 },
	} {
		cfg := whole
		spoil(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := New(whole); err != nil {
		t.Error(err)
	}
}

// TestAChangedWalletIsScannedForAgain goes back to the genesis block, as a wallet
// does when a user imports something old, and watches another script.
func TestAChangedWalletIsScannedForAgain(t *testing.T) {
	plan := testnet.Plan{}
	script := []byte{0x76, 0xa9, 0x14, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 0x88, 0xac}
	plan.Pay(50, script, 1e8)
	plan.Pay(270, script, 2e8)
	c := generate(t, 300, plan)
	wallet := newDiary(t, c)
	inHouse(t, c, wallet, func(h *house) {
		wallet.changed = make(chan struct{}, 1) // belongs to the bubble
		h.net.join(&fakePeer{chain: c, latency: latency})
		h.start()
		h.untilSyncedTo(time.Minute, c)
		h.pass(time.Second)
		if len(wallet.found) != 0 {
			h.Fatalf("found blocks %v before anything was watched", slices.Collect(maps.Keys(wallet.found)))
		}
		before := h.syncer.Status()
		wallet.goBack(script)
		st := h.syncer.Status() // the syncer does not know yet
		if st.Synced || st.Ratio == 1 || st.Rescan.Current != 0 || st.Seq <= before.Seq || st.Reason != "Scanning for the wallet: 0 of 300." {
			h.Errorf("after the wallet has changed the status is %+v", st)
		}
		for newer := range h.syncer.Changes(h.Context(), before.Seq) {
			if newer.Synced {
				h.Errorf("after the wallet has changed a reader gets %+v", newer)
			}
			break
		}
		wallet.changed <- struct{}{}
		h.until(time.Minute, "rescanning", func(st Status) bool { return st.Phase == Rescanning && !st.Synced })
		h.untilSyncedTo(time.Minute, c)
		if len(wallet.found) != 2 || wallet.found[50] == nil || wallet.found[270] == nil {
			h.Errorf("found blocks %v, want 50 and 270", slices.Collect(maps.Keys(wallet.found)))
		}
	})
}
