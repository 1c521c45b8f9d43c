package sim_test

import (
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv"
)

// TestProperty1EndsAtTheBestChainOfAnyHonestPeer: one honest node behind a slow
// line is enough, whatever seven others do.
func TestProperty1EndsAtTheBestChainOfAnyHonestPeer(t *testing.T) {
	inWorld(t, trunk().Fork(2100, 40, 11), func(w *world) {
		for i, f := range testnet.Faults() {
			if i%4 == 0 {
				w.liar(f, uint64(i), near)
			}
		}
		w.honestNodes(1, link.Shape{Latency: 300 * time.Millisecond, Jitter: 100 * time.Millisecond, Bandwidth: 100_000})
		w.startClient()
		w.mustSync(time.Hour)
	})
}

// TestProperty1DoesNotDependOnTheOrderOfPeers: a peer with less work may come
// first, last or alone for a while.
func TestProperty1DoesNotDependOnTheOrderOfPeers(t *testing.T) {
	best := trunk().Fork(1800, 300, 12)
	behind, aside := best.Fork(1900, 0, 0), trunk().Fork(1500, 400, 13)
	for name, order := range map[string][]*testnet.Chain{
		"best first": {best, aside, behind},
		"best last":  {behind, aside, best},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, best, func(w *world) {
				for _, c := range order {
					w.honestNodes(1, far)
					w.honest[len(w.honest)-1].Node.SetChain(c)
				}
				for _, h := range w.honest[1:] {
					h.Stop()
				}
				w.startClient()
				for _, h := range w.honest[1:] {
					<-time.After(30 * time.Second)
					h.Start()
				}
				w.disturbed()
				w.mustSync(10 * time.Minute)
			})
		})
	}
}

// TestProperty2IsTheSameAfterAnyReorganisation: while syncing, when synced, and
// while there is no connection.
func TestProperty2IsTheSameAfterAnyReorganisation(t *testing.T) {
	inWorld(t, trunk().Fork(2100, 40, 14), func(w *world) {
		w.honestNodes(2, far)
		w.startClient()
		w.until("on the way", func(st spv.Status) bool { return st.Headers.Current > 1000 })
		w.reorganise(30, 15)
		w.mustSync(10 * time.Minute)
		for i, depth := range []int{1, 2, 6, 25} {
			w.reorganise(depth, uint64(16+i))
			w.mustSync(10 * time.Minute)
		}
		for _, h := range w.honest {
			h.Stop()
		}
		w.until("alone", func(st spv.Status) bool { return st.Peers == 0 })
		w.reorganise(10, 20)
		for _, h := range w.honest {
			h.Start()
		}
		w.mustSync(10 * time.Minute)
	})
}

// TestProperty3IsTheSameWhereverItWasStopped: the client is stopped again and
// again on its way, and goes on each time.
func TestProperty3IsTheSameWhereverItWasStopped(t *testing.T) {
	inWorld(t, trunk().Fork(2100, 40, 21), func(w *world) {
		w.honestNodes(2, link.Shape{Latency: 30 * time.Millisecond, Bandwidth: 300_000})
		chance := testnet.Chance(22)
		for range 25 {
			w.startClient()
			_ = wait.For(w.Context(), time.Duration(chance()%uint64(3*time.Second)))
			w.stopClient()
		}
		w.startClient()
		w.mustSync(10 * time.Minute)
		if sent := w.served(wire.CmdHeaders); sent > 2*25*3 {
			t.Errorf("headers were sent in %d messages: the client started again", sent)
		}
	})
}

// TestProperty4ARescanChangesNothing checks that a wallet that starts again gets the same
// blocks, and that the chain is not fetched again.
func TestProperty4ARescanChangesNothing(t *testing.T) {
	inWorld(t, trunk().Fork(2100, 40, 23), func(w *world) {
		w.honestNodes(2, far)
		w.startClient()
		w.mustSync(10 * time.Minute)
		w.stopClient()
		w.wallet.forget()
		before := w.served(wire.CmdCFiltersV2)
		w.startClient()
		w.mustSync(10 * time.Minute)
		if n := w.served(wire.CmdCFiltersV2) - before; n != 0 {
			t.Errorf("filters were fetched in %d messages for a rescan", n)
		}
	})
}

// TestProperty5SendHeadersComesOnceAndLate: never before the first sync of the
// process has ended, and once per connection.
func TestProperty5SendHeadersComesOnceAndLate(t *testing.T) {
	inWorld(t, trunk().Fork(2100, 40, 24), func(w *world) {
		w.honestNodes(3, link.Shape{Latency: 50 * time.Millisecond, CutAfter: 2_000_000})
		w.startClient()
		w.mustSync(10 * time.Minute)
		synced := time.Now()
		for range 10 {
			w.extend(1)
			w.mustSync(time.Minute)
			w.honest[0].Stop()
			w.honest[0].Start()
		}
		<-time.After(2 * time.Minute)
		for s, events := range w.sessions() {
			n := 0
			for _, e := range events {
				if e.In && e.Command == wire.CmdSendHeaders {
					n++
					if e.At.Before(synced) {
						t.Errorf("sendheaders reached connection %d %v before the first sync", s.Number(), synced.Sub(e.At))
					}
				}
			}
			if n > 1 {
				t.Errorf("sendheaders came %d times on connection %d", n, s.Number())
			}
		}
		if w.received(wire.CmdSendHeaders) == 0 {
			t.Error("sendheaders never came")
		}
	})
}

// TestProperty6NothingIsInFlightWhenSettled, nor does anything move but pings
// and the question whether there is more.
func TestProperty6NothingIsInFlightWhenSettled(t *testing.T) {
	inWorld(t, trunk().Fork(2100, 40, 25), func(w *world) {
		w.honestNodes(4, far)
		w.startClient()
		w.mustSync(10 * time.Minute)
		w.mustSettle()
		filters, blocks := w.served(wire.CmdCFiltersV2), w.served(wire.CmdBlock)
		<-time.After(time.Hour)
		if f, b := w.served(wire.CmdCFiltersV2), w.served(wire.CmdBlock); f != filters || b != blocks {
			t.Errorf("in an idle hour %d batches of filters and %d blocks were fetched", f-filters, b-blocks)
		}
		w.mustSettle()
	})
}

// TestProperty7StopsSoonFromEveryPhase: stopClient demands how soon, and the
// bubble that no goroutine is left.
func TestProperty7StopsSoonFromEveryPhase(t *testing.T) {
	for phase := spv.Opening; phase <= spv.Following; phase++ {
		t.Run(phase.String(), func(t *testing.T) {
			inWorld(t, trunk().Fork(2100, 40, 26), func(w *world) {
				w.liar(fault(t, "trickle"), 1, near)
				w.honestNodes(1, far)
				w.startClient()
				w.until(phase.String(), func(st spv.Status) bool { return st.Phase >= phase })
			})
		})
	}
}

// TestProperty8NeverSaysSyncedWhenItIsNot: watchStatus judges every status; here
// there is something to lie about.
func TestProperty8NeverSaysSyncedWhenItIsNot(t *testing.T) {
	inWorld(t, trunk().Fork(2100, 40, 27), func(w *world) {
		w.honestNodes(2, far)
		w.startClient()
		w.mustSync(10 * time.Minute)
		for _, h := range w.honest {
			h.Partition()
		}
		began := time.Now()
		w.until("not synced", func(st spv.Status) bool { return !st.Synced })
		if took := time.Since(began); took > ignorance {
			t.Errorf("the client noticed after %v that it is alone", took)
		}
		w.extend(3)
		<-time.After(time.Hour)
		if st := w.syncer.Status(); st.Synced || st.Ratio == 1 || st.Peers != 0 || st.Hint == "" {
			t.Errorf("after an hour alone: %+v", st)
		}
		w.disturbed()
		for _, h := range w.honest {
			h.Heal()
		}
		w.mustSync(10 * time.Minute)
	})
}

// TestProperty9LosingAllPeersIsAState: the sync goes on by itself, and tries
// neither too often nor too seldom.
func TestProperty9LosingAllPeersIsAState(t *testing.T) {
	inWorld(t, trunk().Fork(2100, 40, 28), func(w *world) {
		w.honestNodes(2, far)
		w.startClient()
		w.until("on the way", func(st spv.Status) bool { return st.Filters.Current > 300 })
		for _, h := range w.honest {
			h.Stop()
		}
		w.until("alone", func(st spv.Status) bool { return st.Peers == 0 })
		<-time.After(3 * time.Hour)
		before := w.served(wire.CmdHeaders)
		w.disturbed()
		for _, h := range w.honest {
			h.Start()
		}
		w.mustSync(2 * time.Minute)
		if n := w.served(wire.CmdHeaders) - before; n > 8 {
			t.Errorf("%d messages of headers after the nodes returned: the client started again", n)
		}
	})
}

// TestABranchWithoutFiltersHoldsUpNoLongerThanItHasMoreWork checks that headers with more work
// whose filters no peer has keep the client from being synced, and only until the honest chain
// has more work. The sender is not banned: it may have been the first to get a block.
func TestABranchWithoutFiltersHoldsUpNoLongerThanItHasMoreWork(t *testing.T) {
	inWorld(t, trunk().Fork(2100, 40, 29), func(w *world) {
		withheld := w.best.Fork(w.best.Height()-3, 6, 30)
		w.honest = append(w.honest, w.node(testnet.Honest{}, far))
		liar := w.node(showsHeadersOnly{}, near)
		liar.Node.SetChain(withheld)
		w.startClient()
		w.until("at the branch", func(st spv.Status) bool { return st.Headers.Current == withheld.Height() })
		for w.best.Height() <= withheld.Height()+1 {
			c := w.best.Extend(1)
			w.become(c, w.honest...)
			<-time.After(10 * time.Second)
		}
		w.mustSync(10 * time.Minute)
		w.mustNotHaveBanned(liar)
	})
}

// showsHeadersOnly has no filters.
type showsHeadersOnly struct{ testnet.Honest }

func (showsHeadersOnly) CFilters(*testnet.Session, *chainhash.Hash, *chainhash.Hash) []testnet.Message {
	return nil
}
