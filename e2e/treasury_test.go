package e2e

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/replay"
)

// The heights of the treasury's story (DCP0006). Treasury spends are mined at
// multiples of the vote interval, which is 48 on simnet; the voting window of one
// is three intervals long. The one that ends at spendHeight begins before the
// story, so that 29 blocks of votes, a fifth of the window, are enough.
const (
	voteInterval = 48
	spendHeight  = 8 * voteInterval
	spendExpiry  = spendHeight + 2 // the only one that a spend of this window may have
)

// spendFee is what a treasury spend pays to the miner, in atoms.
const spendFee = 10_000

// farExpiry is an expiry that no block of the story reaches.
const farExpiry = 2 * spendHeight

// treasuryStory is what happens between a wallet and the treasury.
type treasuryStory struct {
	*story
	pair    *keys.Pair  // watched alone
	add     *wire.MsgTx // to the treasury
	self    *wire.MsgTx // to itself
	spend   *wire.MsgTx // by the treasury
	tickets map[chainhash.Hash]bool
}

// testTreasury: a wallet pays to the treasury and is paid by it, its tickets vote
// on that, and blocks with all this are reorganised away and come back.
func (s *stage) testTreasury(t *testing.T) {
	st := &treasuryStory{story: &story{T: t, holder: newHolder(), stage: s, dir: t.TempDir()}, tickets: make(map[chainhash.Hash]bool)}
	st.begin()
	st.addition()
	st.election()
	st.payout()
	st.mature(spendHeight, func() { st.mine(1) }, outputOf(st.spend, 1), outputOf(st.spend, 2))
	st.rewards()
	st.end()
}

// begin starts the nodes and the daemon, and buys the tickets of the story: each
// is paid by two coins of the wallet and returns to a key and to a script. They have
// an expiry, which makes their change wait.
func (s *treasuryStory) begin() {
	s.open(s.T, savings)
	s.watch.Accounts = append(s.watch.Accounts, s.known[savings])
	voter := s.key(s.T, savings, keys.External, 2)
	s.a, s.b = s.stage.newNode(s.T), s.stage.newNode(s.T)
	s.ma, s.mb = s.stage.newMiner(s.T, s.a, voter.Priv), s.stage.newMiner(s.T, s.b, voter.Priv)
	for i := range 18 {
		s.receive(savings, keys.External, i, coinOf)
	}
	s.mine(1)
	s.start()
	s.agree("what was there before")
	var err error
	if s.pair, err = keys.NewPair(s.newKey("one"), s.newKey("other")); err != nil {
		s.Fatal(err)
	}
	s.ring.Add(s.pair)
	s.call("importscript", hex.EncodeToString(s.pair.Redeem()))
	s.single(s.pair.Address(), s.pair.Script(), 0)
	s.expiry = farExpiry
	coins := s.someCoins(s.T, s.a, savings, 16, coinOf)
	for i := range 8 {
		own := part{coins[2*i], s.key(s.T, savings, keys.External, 10+i), s.key(s.T, savings, keys.Internal, i)}
		tx := s.ticket(s.T, s.ma, voter, own, part{coins[2*i+1], s.pair, s.pair})
		s.tickets[tx.TxHash()] = true
		send(s.T, s.a, tx)
	}
	s.mine(1)
	s.agree("tickets bought")
}

// addition: the wallet pays to the treasury and to itself. The block is reorganised
// away, and the payments mined again.
func (s *treasuryStory) addition() {
	s.link()
	agree(s.T, s.b, s.a)
	s.unlink()
	left := s.someCoins(s.T, s.a, savings, 2, coinOf)
	s.add = s.treasuryAdd(s.T, left[0], coinOf/4, s.key(s.T, savings, keys.Internal, 7))
	s.self = s.pay(s.T, left[1], s.script(s.T, savings, keys.External, 8), coinOf/4, s.script(s.T, savings, keys.Internal, 8))
	s.expiry = 0
	send(s.T, s.a, s.add)
	send(s.T, s.a, s.self)
	s.mine(1)
	s.has(s.add, "treasuryadd")
	s.agree("paid to the treasury")
	extend(s.T, s.mb, 2)
	s.link()
	agree(s.T, s.a, s.b)
	s.agreeOnMined("the payment to the treasury reorganised away")
	s.has(s.add, "")
	s.mine(1)
	s.has(s.add, "treasuryadd")
	s.agree("paid to the treasury after all")
	agree(s.T, s.b, s.a)
	s.unlink()
}

// unlink parts the nodes.
func (s *treasuryStory) unlink() {
	s.Helper()
	if err := s.a.Unlink(s.Context(), s.b); err != nil {
		s.Fatal(err)
	}
}

// has wants the daemon to know a transaction of a kind, mined; or not mined, if
// the kind is empty.
func (s *treasuryStory) has(tx *wire.MsgTx, kind string) {
	s.Helper()
	hash := tx.TxHash().String()
	s.await()
	list := s.book(s.T, s.a).Transactions()
	i := slices.IndexFunc(list, func(t replay.Transaction) bool { return t.TxID == hash })
	switch {
	case i < 0 && kind != "":
		s.Fatalf("%s %s is not in the chain", kind, hash)
	case i >= 0 && list[i].Type != kind:
		s.Fatalf("%s is a %s in the chain, want %q", hash, list[i].Type, kind)
	}
}

// election: all tickets vote for a treasury spend that only node a knows of, and not
// before what the wallet paid itself has come of age. It waits for its block, as the
// daemon has heard. Each block is given to b.
func (s *treasuryStory) election() {
	s.spend = s.treasurySpend()
	known := s.height()
	s.mature(known, s.vote, outputOf(s.add, 1), outputOf(s.self, 0), outputOf(s.self, 1))
	send(s.T, s.a, s.spend)
	awaitTx(s.T, s.daemon, s.spend.TxHash(), "waiting for its block", isUnconfirmed)
	s.unconfirmed(map[string]replay.Amount{savings: coinOf, replay.Imported: 2 * coinOf})
	for height := s.height() + 1; height < spendHeight; height++ {
		s.vote()
		if height%8 == 0 {
			s.agreeOnMined(fmt.Sprintf("tickets vote, block %d", height))
		}
	}
	s.agreeOnMined("before the treasury pays")
	for _, block := range s.chain(s.T, s.a)[known+1:] {
		raw, err := block.Bytes()
		if err != nil {
			s.Fatal(err)
		}
		if err := s.b.Call(s.Context(), "submitblock", nil, hex.EncodeToString(raw)); err != nil {
			s.Fatal(err)
		}
	}
	agree(s.T, s.b, s.a)
}

// unconfirmed wants transactions that wait to add amounts to accounts.
func (s *treasuryStory) unconfirmed(want map[string]replay.Amount) {
	s.Helper()
	for account, amount := range want {
		var got replay.Amount
		if err := s.daemon.Call(s.Context(), "getunconfirmedbalance", &got, account); err != nil || got != amount {
			s.Errorf("%d atoms are unconfirmed in %s (%v), want %d", got, account, err, amount)
		}
	}
}

// vote has node a mine a block, whose votes are for the treasury spend.
func (s *treasuryStory) vote() {
	s.Helper()
	if _, err := s.ma.MineWith(s.Context(), miner.Ballot{Spends: []chainhash.Hash{s.spend.TxHash()}}); err != nil {
		s.Fatal(err)
	}
}

// treasurySpend returns a transaction by which the treasury pays an address of
// savings, the pair and a stranger.
func (s *treasuryStory) treasurySpend() *wire.MsgTx {
	s.Helper()
	const paid = coinOf
	outs := []*wire.TxOut{
		wire.NewTxOut(paid, s.key(s.T, savings, keys.External, 15).TreasuryScript()),
		wire.NewTxOut(2*paid, s.pair.TreasuryScript()),
		wire.NewTxOut(3*paid, s.newKey("a contractor").TreasuryScript()),
	}
	value := int64(spendFee)
	for _, out := range outs {
		value += out.Value
	}
	promise := chainhash.HashB([]byte(s.Name())) // anything, behind the amount
	binary.LittleEndian.PutUint64(promise, uint64(value))
	tx := wire.NewMsgTx()
	tx.Version, tx.Expiry = wire.TxVersionTreasury, spendExpiry
	none := wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex, wire.TxTreeRegular)
	tx.AddTxIn(wire.NewTxIn(none, value, nil))
	tx.AddTxOut(wire.NewTxOut(0, append([]byte{txscript.OP_RETURN, txscript.OP_DATA_32}, promise...)))
	tx.TxOut = append(tx.TxOut, outs...)
	if err := keys.SignTreasurySpend(tx); err != nil {
		s.Fatal(err)
	}
	return tx
}

// payout: the treasury pays. The votes disapprove of the block, which does nothing
// to it. It is reorganised away for good by a branch without it; then that branch
// turns out to be invalid.
func (s *treasuryStory) payout() {
	s.vote()
	s.has(s.spend, "treasuryspend")
	s.agree("paid by the treasury")
	s.mineDisapproving()
	s.has(s.spend, "treasuryspend")
	s.agreeOnMined("disapproved of the block with it")

	extend(s.T, s.mb, 3)
	s.link()
	agree(s.T, s.a, s.b)
	s.has(s.spend, "")
	s.agreeOnMined("the payment by the treasury reorganised away")
	s.mine(1)
	s.agree("never paid by the treasury")

	s.unlink()
	fork, err := s.a.Hash(s.Context(), spendHeight)
	if err != nil {
		s.Fatal(err)
	}
	if err := s.a.Call(s.Context(), "invalidateblock", nil, fork.String()); err != nil {
		s.Fatal(err)
	}
	s.mine(3)
	s.has(s.spend, "treasuryspend")
	s.agree("paid by the treasury after all")
}

// mineDisapproving has node a mine a block that disapproves of the one before.
func (s *treasuryStory) mineDisapproving() {
	s.Helper()
	if _, err := s.ma.MineWith(s.Context(), miner.Ballot{Disapprove: true}); err != nil {
		s.Fatal(err)
	}
}

// mature mines blocks until coins that were born at a height can be spent, and
// spends them: the node refuses to before, and the daemon agrees.
func (s *treasuryStory) mature(born int64, mine func(), coins ...replay.Coin) {
	s.Helper()
	var spends []*wire.MsgTx
	for _, c := range coins {
		spends = append(spends, s.pay(s.T, c, scriptOf(s.T, "a shop"), c.Amount/2, s.script(s.T, savings, keys.Internal, 0)))
	}
	matures := born + int64(chaincfg.SimNetParams().CoinbaseMaturity)
	for next := s.height() + 1; next < matures; next++ {
		s.refused(spends...)
		mine()
		s.agree(fmt.Sprintf("what is of block %d waits, block %d", born, next))
	}
	for _, tx := range spends {
		send(s.T, s.a, tx)
	}
	mine()
	s.agree(fmt.Sprintf("what is of block %d is spent", born))
}

// height returns the height of node a's tip.
func (s *treasuryStory) height() int64 {
	s.Helper()
	tip, err := s.a.Best(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return tip.Height
}

// outputOf returns a coin that a transaction makes.
func outputOf(tx *wire.MsgTx, i int) replay.Coin {
	op := wire.OutPoint{Hash: tx.TxHash(), Index: uint32(i), Tree: wire.TxTreeStake}
	if stake.DetermineTxType(tx) == stake.TxTypeRegular {
		op.Tree = wire.TxTreeRegular
	}
	return replay.Coin{Op: op, Script: tx.TxOut[i].PkScript, Amount: tx.TxOut[i].Value}
}

// refused wants the node to refuse transactions.
func (s *treasuryStory) refused(list ...*wire.MsgTx) {
	s.Helper()
	for _, tx := range list {
		raw, err := tx.Bytes()
		if err != nil {
			s.Fatal(err)
		}
		if err := s.a.Call(s.Context(), "sendrawtransaction", nil, hex.EncodeToString(raw)); err == nil {
			s.Errorf("the node takes %v, which spends what is not mature", tx.TxHash())
		}
	}
}

// rewards: what votes have returned, to keys and scripts, is spent once it can be.
func (s *treasuryStory) rewards() {
	coins := append(s.spendable(s.T, s.a, savings), s.spendable(s.T, s.a, replay.Imported)...)
	coins = slices.DeleteFunc(coins, func(c replay.Coin) bool { return c.Script[0] != txscript.OP_SSGEN })
	if len(coins) < 2 {
		s.Fatalf("%d outputs of votes can be spent, want one of a key and one of a script", len(coins))
	}
	send(s.T, s.a, s.payment(s.T, nil, s.script(s.T, savings, keys.Internal, 0), coins...))
	s.mine(1)
	s.agree("returns of tickets spent")
}

// end wants what the story was to show to have happened: tickets of the wallet have
// voted for the spend, and no subsidy of the treasury is in the wallet.
func (s *treasuryStory) end() {
	s.hasHappened(map[string]int{"treasuryadd": 1, "treasuryspend": 1, "ticket": len(s.tickets), "vote": 1})
	voted := 0
	const firstSubsidy = 2 // the first block mines what there was in the beginning
	for height, block := range s.chain(s.T, s.a)[firstSubsidy:] {
		for _, tx := range block.STransactions {
			votes, err := stake.CheckSSGenVotes(tx)
			if err == nil && s.tickets[tx.TxIn[1].PreviousOutPoint.Hash] && len(votes) > 0 {
				voted++
				s.has(tx, "vote")
			}
		}
		base := block.STransactions[0]
		err := s.daemon.Call(s.Context(), "gettransaction", nil, base.TxHash().String())
		if r := refusalOf(err); !stake.IsTreasuryBase(base) || r == nil || r.Code != -5 {
			s.Fatalf("the treasury's subsidy of block %d: %v", height+firstSubsidy, err)
		}
	}
	if voted == 0 {
		s.Error("no ticket of the wallet has voted for the treasury spend")
	}
}
