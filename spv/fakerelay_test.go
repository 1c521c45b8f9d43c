package spv

import (
	"context"
	"errors"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// fakeRelay is the part of a fakeNet that is about unmined transactions.
type fakeRelay struct {
	wanted    bool
	polled    []p2p.PeerID
	forgotten int                             // calls of ForgetUnkept
	offered   map[chainhash.Hash][]p2p.PeerID // who was offered what, in order
	heard     []*wire.MsgTx
	judged    map[chainhash.Hash][2]bool // kept, refused
	told      []p2p.TxEvent
	deaf      bool // peers take no transactions
}

func (n *fakeNet) WantTxs(want bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.relay.wanted = want
}

// listening returns whether transactions are wanted, and of how many peers all that
// wait for a block.
func (n *fakeNet) listening() (wanted bool, polled int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.relay.wanted, len(n.relay.polled)
}

// forgotten returns how often what the wallet did not keep was to be fetched again.
func (n *fakeNet) forgotten() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.relay.forgotten
}

func (n *fakeNet) AskMempool(_ context.Context, id p2p.PeerID) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.relay.polled = append(n.relay.polled, id)
	return nil
}

func (n *fakeNet) ForgetUnkept() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.relay.forgotten++
}

// Offer has the peer fetch the transaction, unless it is deaf.
func (n *fakeNet) Offer(_ context.Context, id p2p.PeerID, tx *wire.MsgTx) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.relay.deaf {
		return errors.New("it takes no transactions")
	}
	hash := tx.TxHash()
	if n.relay.offered == nil {
		n.relay.offered = make(map[chainhash.Hash][]p2p.PeerID)
	}
	n.relay.offered[hash] = append(n.relay.offered[hash], id)
	n.relay.told = append(n.relay.told, p2p.TxEvent{From: id, Hash: hash, Requested: true})
	n.poke()
	return nil
}

func (n *fakeNet) Withdraw(chainhash.Hash) {}

func (n *fakeNet) TakeTxs(most int) (txs []p2p.Tx, events []p2p.TxEvent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	events, n.relay.told = n.relay.told, nil
	if most == 0 {
		return nil, events
	}
	for _, tx := range n.relay.heard {
		raw, err := tx.Bytes()
		if err != nil {
			panic(err)
		}
		txs = append(txs, p2p.Tx{From: 1, Source: "somewhere", Raw: raw})
	}
	n.relay.heard = nil
	return txs, events
}

func (n *fakeNet) JudgeTx(hash chainhash.Hash, kept, refused bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.relay.judged == nil {
		n.relay.judged = make(map[chainhash.Hash][2]bool)
	}
	n.relay.judged[hash] = [2]bool{kept, refused}
}

// offers returns whom a transaction was offered to so far, in order.
func (n *fakeNet) offers(hash chainhash.Hash) []p2p.PeerID {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.relay.offered[hash])
}

// echo has a peer announce a transaction.
func (n *fakeNet) echo(id p2p.PeerID, hash chainhash.Hash) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.relay.told = append(n.relay.told, p2p.TxEvent{From: id, Hash: hash})
	n.poke()
}

// send has a peer send a transaction that was asked for.
func (n *fakeNet) send(tx *wire.MsgTx) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.relay.heard = append(n.relay.heard, tx)
	n.poke()
}

// spending returns a transaction that follows from a number.
func spending(n uint32) *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{1}, Index: n}, 1000, nil))
	tx.AddTxOut(wire.NewTxOut(900, []byte{0x51}))
	return tx
}
