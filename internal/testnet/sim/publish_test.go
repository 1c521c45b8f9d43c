package sim_test

import (
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv"
)

// publication returns what has become of a published transaction.
func (w *world) publication(hash chainhash.Hash) spv.Publication {
	w.Helper()
	for _, p := range w.syncer.Publications() {
		if p.Hash == hash {
			return p
		}
	}
	w.Fatalf("%v is not published", hash)
	return spv.Publication{}
}

// TestPublishSpreads checks that a transaction given to one peer spreads through
// the network and comes back as an echo, so that no other peer is told, and that
// the client stays synced while its connections are replaced for that, and is not banned.
func TestPublishSpreads(t *testing.T) {
	inWorld(t, trunk().Fork(2500, 60, 31), func(w *world) {
		w.honestNodes(4, near)
		w.relayLater = true
		w.startClient()
		w.mustSync(10 * time.Minute)
		for range 120 {
			<-time.After(time.Second)
			if st := w.syncer.Status(); !st.Synced {
				w.Fatalf("not synced while connections are replaced: %+v", st)
			}
		}
		for _, p := range w.pool.Infos() {
			if !p.TellsTx {
				w.Errorf("peer %d was not asked for transactions", p.ID)
			}
		}
		tx := wire.NewMsgTx()
		tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{7}}, 1000, nil))
		tx.AddTxOut(wire.NewTxOut(900, mine(0)))
		p, err := w.syncer.Publish(w.Context(), tx)
		if err != nil || p.OfferedTo != 1 {
			w.Fatalf("%+v, %v", p, err)
		}
		<-time.After(30 * time.Minute)
		if p := w.publication(p.Hash); p.Outcome != spv.Seen || p.OfferedTo != 1 || p.FetchedBy != 1 || p.EchoedBy == 0 {
			w.Errorf("%+v", p)
		}
		for _, h := range w.honest {
			if n := len(h.Node.Mempool()); n != 1 {
				w.Errorf("%d transactions in a mempool", n)
			}
		}
		w.mustBeWelcome()
	})
}
