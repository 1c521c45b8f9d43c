package e2e

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/replay"
)

// addressesKnown is how many addresses of a branch a holder knows: more than a
// test uses, however they are spread.
const addressesKnown = 140

// The fees that a holder pays, in atoms: more than nodes demand.
const (
	holderFee     = 10_000
	holderDust    = 20_000 // no change below
	holderTickets = 12_000
)

// holder has the keys to what a daemon watches, and spends it.
type holder struct {
	ring     *keys.Ring
	accounts map[string]*keys.Account
	known    map[string]*replay.Account
	watch    replay.Watch                      // what the daemon watches
	owned    replay.Watch                      // what there are keys to
	blocks   map[chainhash.Hash]*wire.MsgBlock // that were read from nodes
	expiry   uint32                            // of the transactions it signs, zero for none
}

func newHolder() *holder {
	return &holder{
		ring:     keys.NewRing(),
		accounts: make(map[string]*keys.Account),
		known:    make(map[string]*replay.Account),
		blocks:   make(map[chainhash.Hash]*wire.MsgBlock),
	}
}

// open makes an account, which no wallet watches yet.
func (h *holder) open(t *testing.T, name string) {
	t.Helper()
	account, err := keys.NewAccount(name)
	if err != nil {
		t.Fatal(err)
	}
	h.accounts[name] = account
	a, whole := &replay.Account{Name: name}, &replay.Account{Name: name, Issued: [2]int{addressesKnown, addressesKnown}}
	h.known[name], h.owned.Accounts = a, append(h.owned.Accounts, whole)
	for branch := range a.Branches {
		for index := range addressesKnown {
			key := h.key(t, name, branch, index)
			h.ring.Add(key)
			a.Branches[branch] = append(a.Branches[branch], replay.Address{Address: key.Address(), Script: key.Script()})
		}
		whole.Branches[branch] = a.Branches[branch]
	}
}

// key returns the key of an address.
func (h *holder) key(t *testing.T, account string, branch, index int) *keys.Key {
	t.Helper()
	key, err := h.accounts[account].Key(uint32(branch), uint32(index))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// script returns the script of an address.
func (h *holder) script(t *testing.T, account string, branch, index int) []byte {
	t.Helper()
	return h.key(t, account, branch, index).Script()
}

// book reads the chain of a node for what the daemon watches.
func (h *holder) book(t *testing.T, n *node.Node) *replay.Book {
	t.Helper()
	return replay.Read(h.chain(t, n), &h.watch)
}

// chain returns the main chain of a node.
func (h *holder) chain(t *testing.T, n *node.Node) []*wire.MsgBlock {
	t.Helper()
	tip, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	chain := make([]*wire.MsgBlock, tip.Height+1)
	hash := tip.Hash
	for height := tip.Height; height >= 0; height-- {
		if h.blocks[hash] == nil {
			if h.blocks[hash], err = n.Block(t.Context(), hash); err != nil {
				t.Fatal(err)
			}
		}
		chain[height] = h.blocks[hash]
		hash = chain[height].Header.PrevBlock
	}
	return chain
}

// coins returns what there ever was to spend in an account, whichever wallet watches it.
func (h *holder) coins(t *testing.T, n *node.Node, account string) []replay.Coin {
	t.Helper()
	return replay.Read(h.chain(t, n), &h.owned).Coins(account)
}

// coin returns a coin of an account that can be spent, the oldest of at least an
// amount in atoms.
func (h *holder) coin(t *testing.T, n *node.Node, account string, amount int64) replay.Coin {
	t.Helper()
	return h.someCoins(t, n, account, 1, amount)[0]
}

// someCoins returns as many coins of an account that can be spent, the oldest of at
// least an amount in atoms each.
func (h *holder) someCoins(t *testing.T, n *node.Node, account string, count int, amount int64) []replay.Coin {
	t.Helper()
	var list []replay.Coin
	for _, c := range h.spendable(t, n, account) {
		if c.Amount >= amount && len(list) < count {
			list = append(list, c)
		}
	}
	if len(list) < count {
		t.Fatalf("account %s has %d coins of at least %d atoms, the story needs %d", account, len(list), amount, count)
	}
	return list
}

// spendable returns the coins of an account that the next block may spend and no
// transaction in the mempool of the node does, oldest first.
func (h *holder) spendable(t *testing.T, n *node.Node, account string) []replay.Coin {
	t.Helper()
	waiting, err := n.Mempool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken := make(map[wire.OutPoint]bool)
	for _, tx := range waiting {
		for _, in := range tx.TxIn {
			taken[in.PreviousOutPoint] = true
		}
	}
	return slices.DeleteFunc(h.coins(t, n, account), func(c replay.Coin) bool {
		return c.Spent || !c.Mature || taken[c.Op]
	})
}

// pay returns a transaction that spends a coin: an amount goes to a script, the
// rest to a change script.
func (h *holder) pay(t *testing.T, from replay.Coin, to []byte, amount int64, change []byte) *wire.MsgTx {
	t.Helper()
	covers(t, amount+holderFee, from)
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&from.Op, from.Amount, nil))
	tx.AddTxOut(wire.NewTxOut(amount, to))
	if rest := from.Amount - amount - holderFee; rest >= holderDust {
		tx.AddTxOut(wire.NewTxOut(rest, change))
	}
	h.sign(t, tx, from)
	return tx
}

// costs returns what a payment with these outputs spends at least: with its fee and
// the least change.
func costs(outs []*wire.TxOut) int64 {
	total := int64(5*holderFee + holderDust) // it may be large
	for _, out := range outs {
		total += out.Value
	}
	return total
}

// covers fails the test unless coins hold at least an amount in atoms.
func covers(t *testing.T, amount int64, from ...replay.Coin) {
	t.Helper()
	var sum int64
	for _, c := range from {
		sum += c.Amount
	}
	if sum < amount {
		t.Fatalf("%d coins hold %d atoms, the story spends %d", len(from), sum, amount)
	}
}

// payment returns a transaction that spends coins: what the outputs leave goes to a
// change script.
func (h *holder) payment(t *testing.T, outs []*wire.TxOut, change []byte, from ...replay.Coin) *wire.MsgTx {
	t.Helper()
	covers(t, costs(outs), from...)
	tx, rest := wire.NewMsgTx(), holderDust-costs(outs)
	for _, c := range from {
		tx.AddTxIn(wire.NewTxIn(&c.Op, c.Amount, nil))
		rest += c.Amount
	}
	tx.TxOut = append(outs, wire.NewTxOut(rest, change))
	h.sign(t, tx, from...)
	return tx
}

// sign signs the inputs of a transaction, which spend the given coins.
func (h *holder) sign(t *testing.T, tx *wire.MsgTx, from ...replay.Coin) {
	t.Helper()
	tx.Expiry = h.expiry
	for i, c := range from {
		if err := h.ring.Sign(tx, i, c.Script); err != nil {
			t.Fatal(err)
		}
	}
}

// part is what somebody pays for a ticket, and gets back from it.
type part struct {
	from   replay.Coin
	reward payee // whom the vote pays
	change payee
}

// payee is whom a ticket returns money to.
type payee interface {
	CommitmentScript(amount int64) []byte
	StakeChangeScript() []byte
}

// ticket returns a transaction that buys a ticket. All pay for it alike.
func (h *holder) ticket(t *testing.T, m *miner.Miner, voter *keys.Key, parts ...part) *wire.MsgTx {
	t.Helper()
	price, err := m.TicketPrice(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	share := price/int64(len(parts)) + 1
	tx := wire.NewMsgTx()
	tx.AddTxOut(wire.NewTxOut(share*int64(len(parts)), voter.VotingScript()))
	var from []replay.Coin
	for _, p := range parts {
		paid := share + holderTickets
		covers(t, paid+holderDust, p.from)
		tx.AddTxIn(wire.NewTxIn(&p.from.Op, p.from.Amount, nil))
		tx.AddTxOut(wire.NewTxOut(0, p.reward.CommitmentScript(paid)))
		tx.AddTxOut(wire.NewTxOut(p.from.Amount-paid, p.change.StakeChangeScript()))
		from = append(from, p.from)
	}
	h.sign(t, tx, from...)
	return tx
}

// treasuryAdd returns a transaction that pays an amount to the treasury.
func (h *holder) treasuryAdd(t *testing.T, from replay.Coin, amount int64, change *keys.Key) *wire.MsgTx {
	t.Helper()
	const opTAdd = 0xc1
	covers(t, amount+holderFee+holderDust, from)
	tx := wire.NewMsgTx()
	tx.Version = wire.TxVersionTreasury
	tx.AddTxIn(wire.NewTxIn(&from.Op, from.Amount, nil))
	tx.AddTxOut(wire.NewTxOut(amount, []byte{opTAdd}))
	tx.AddTxOut(wire.NewTxOut(from.Amount-amount-holderFee, change.StakeChangeScript()))
	h.sign(t, tx, from)
	return tx
}

// send gives a transaction to a node.
func send(t *testing.T, n *node.Node, tx *wire.MsgTx) {
	t.Helper()
	raw, err := tx.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Call(t.Context(), "sendrawtransaction", nil, hex.EncodeToString(raw)); err != nil {
		t.Fatal(err)
	}
}
