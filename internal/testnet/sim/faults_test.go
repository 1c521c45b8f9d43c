package sim_test

import (
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
)

// TestFaults has a row for every fault: beside one honest node, a nearer one with the
// fault neither keeps the client from syncing nor from following, and it gets
// what it deserves.
func TestFaults(t *testing.T) {
	for i, fault := range testnet.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			best := trunk().Fork(2300, 150, uint64(1000+i))
			inWorld(t, best, func(w *world) {
				liar := w.liar(fault, uint64(i), near)
				w.honestNodes(1, far)
				w.startClient()
				w.mustSync(10 * time.Minute)
				for range 5 {
					w.extend(1)
					w.mustSync(3 * time.Minute)
				}
				w.reorganise(2, uint64(2000+i))
				w.mustSync(3 * time.Minute)
				w.mustSettle()
				w.mustNotHaveBanned(w.honest...)
				w.mustBeWelcome()
				w.mustJudge(liar, fault.Verdict)
			})
		})
	}
}

// mustJudge demands that a node that did wrong got what it deserves.
func (w *world) mustJudge(h *testnet.Host, v testnet.Verdict) {
	w.Helper()
	if h.Node.Misdeeds() == 0 {
		w.Error("the node did nothing wrong")
		return
	}
	evidence, banned := w.banned(h)
	switch {
	case v == testnet.Innocent && banned:
		w.Errorf("an innocent node is banned: %s", evidence)
	case v == testnet.Guilty && !banned:
		w.Errorf("a guilty node is not banned")
	case banned && evidence == "":
		w.Error("a node is banned without evidence")
	}
}

// banned returns why a node is banned.
func (w *world) banned(h *testnet.Host) (evidence string, banned bool) {
	for _, b := range w.pool.Bans() {
		if b.Addr == h.Addr {
			return b.Evidence, true
		}
	}
	return "", false
}
