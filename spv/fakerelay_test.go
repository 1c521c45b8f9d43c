package spv

import (
	"context"
	"errors"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// fakeRelay is the part of a fakeNet that is about unmined transactions.
type fakeRelay struct {
	wanted    bool
	polled    []uint64
	forgotten int                         // calls of ForgetUnkept
	offered   map[chainhash.Hash][]uint64 // who was offered what, in order
	heard     []*wire.MsgTx
	judged    map[chainhash.Hash][2]bool // kept, refused
	told      []word
	deaf      bool // peers take no transactions
}

// word is that a peer has asked for or announced an offered transaction.
type word struct {
	id    uint64
	hash  chainhash.Hash
	asked bool
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

func (n *fakeNet) AskMempool(_ context.Context, id uint64) error {
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
func (n *fakeNet) Offer(_ context.Context, id uint64, tx *wire.MsgTx) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.relay.deaf {
		return errors.New("it takes no transactions")
	}
	hash := tx.TxHash()
	if n.relay.offered == nil {
		n.relay.offered = make(map[chainhash.Hash][]uint64)
	}
	n.relay.offered[hash] = append(n.relay.offered[hash], id)
	n.relay.told = append(n.relay.told, word{id, hash, true})
	n.poke()
	return nil
}

func (n *fakeNet) Withdraw(chainhash.Hash) {}

func (n *fakeNet) TakeTxs(most int, heard func(uint64, string, []byte, bool), told func(uint64, chainhash.Hash, bool)) {
	n.mu.Lock()
	txs, words := n.relay.heard, n.relay.told
	if most == 0 {
		txs = nil
	} else {
		n.relay.heard = nil
	}
	n.relay.told = nil
	n.mu.Unlock()
	for _, tx := range txs {
		raw, err := tx.Bytes()
		if err != nil {
			panic(err)
		}
		heard(1, "somewhere", raw, false)
	}
	for _, w := range words {
		told(w.id, w.hash, w.asked)
	}
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
func (n *fakeNet) offers(hash chainhash.Hash) []uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.relay.offered[hash])
}

// echo has a peer announce a transaction.
func (n *fakeNet) echo(id uint64, hash chainhash.Hash) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.relay.told = append(n.relay.told, word{id, hash, false})
	n.poke()
}

// send has a peer send a transaction that was asked for.
func (n *fakeNet) send(tx *wire.MsgTx) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.relay.heard = append(n.relay.heard, tx)
	n.poke()
}
