package wallet

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// world is a chain of hand-made blocks with true filters. It can be cut back
// and go on differently.
type world struct {
	t        testing.TB
	rng      *rand.Rand
	params   *consensus.Params
	main     []chain.Block // by height
	filters  map[chainhash.Hash][]byte
	txs      map[chainhash.Hash]*wire.MsgTx // all there ever were
	every    map[chainhash.Hash]chain.Block // as well
	serial   uint64
	unsigned bool // mine signs nothing
	revokes  bool // random blocks hold automatic revocations too
	jitter   bool // blocks are up to two hours off

	// invalid, if set, takes a block that a wallet has found to be invalid.
	invalid func(*consensus.InvalidBlock)

	// left, if set, is called with the height to which the chain is cut.
	left func(to consensus.Height)

	// ours are scripts that the wallet may watch, theirs one that it does not.
	ours   [][]byte
	theirs []byte

	// applied, if set, is called after each Apply of step.
	applied func()
}

func newWorld(t testing.TB, seed uint64) *world {
	p := consensus.SimNet()
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), params: p,
		filters: make(map[chainhash.Hash][]byte),
		txs:     make(map[chainhash.Hash]*wire.MsgTx),
		every:   make(map[chainhash.Hash]chain.Block),
	}
	w.main = []chain.Block{{BlockID: consensus.BlockID{Hash: p.ChainParams.GenesisHash}, Header: p.Genesis()}}
	w.every[p.ChainParams.GenesisHash] = w.main[0]
	w.theirs = w.stranger()
	return w
}

func (w *world) tip() *chain.Block { return &w.main[len(w.main)-1] }

// unique returns a number that no other call returns.
func (w *world) unique() uint64 {
	w.serial++
	return w.serial
}

// stranger returns a new script of somebody else.
func (w *world) stranger() []byte {
	h := chainhash.HashB(binary.BigEndian.AppendUint64([]byte("stranger"), w.unique()))
	return keyHashScript(h[:20])
}

func keyHashScript(hash []byte) []byte {
	s := append([]byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}, hash...)
	return append(s, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

func nullData(payload []byte) []byte {
	return append([]byte{txscript.OP_RETURN, byte(len(payload))}, payload...)
}

// mine puts a block on the tip.
func (w *world) mine(stakes, regular []*wire.MsgTx, approve bool) *chain.Block {
	w.t.Helper()
	parent := w.tip()
	msg := &wire.MsgBlock{STransactions: stakes, Transactions: regular}
	height := parent.Height + 1
	root := chainhash.HashH(binary.BigEndian.AppendUint64(nil, w.unique()))
	msg.Header = wire.BlockHeader{
		Version: 10, PrevBlock: parent.Hash, MerkleRoot: root, Height: uint32(height),
		Timestamp: w.main[0].Header.Time().Add(time.Duration(height) * time.Hour),
	}
	if approve {
		msg.Header.VoteBits = 1
	}
	if w.jitter {
		msg.Header.Timestamp = msg.Header.Timestamp.Add(time.Duration(int(root[0])%240-120) * time.Minute)
	}
	raw, err := msg.Header.Bytes()
	if err != nil {
		w.t.Fatal(err)
	}
	b := chain.Block{Header: consensus.Header(raw), Msg: msg}
	b.BlockID = consensus.BlockID{Height: height, Hash: b.Header.Hash()}
	for _, list := range [][]*wire.MsgTx{stakes, regular} {
		for _, tx := range list {
			w.txs[tx.TxHash()] = tx
		}
		if !w.unsigned {
			w.sign(list...)
		}
	}
	f, err := blockcf2.Regular(msg, w)
	if err != nil {
		w.t.Fatal(err)
	}
	w.filters[b.Hash] = f.Bytes()
	w.main, w.every[b.Hash] = append(w.main, b), b
	return w.tip()
}

// cut takes blocks off the tip.
func (w *world) cut(n int) {
	w.main = w.main[: len(w.main)-n : len(w.main)-n]
	if w.left != nil {
		w.left(w.tip().Height)
	}
}

// PrevScript implements blockcf2.PrevScripter.
func (w *world) PrevScript(op *wire.OutPoint) (uint16, []byte, bool) {
	tx := w.txs[op.Hash]
	if tx == nil || int(op.Index) >= len(tx.TxOut) {
		return 0, nil, false
	}
	return tx.TxOut[op.Index].Version, tx.TxOut[op.Index].PkScript, true
}

// since returns an update as the chain makes it.
func (w *world) since(locator []consensus.BlockID, limit int) chain.Update {
	w.t.Helper()
	for i, id := range locator {
		if int(id.Height) >= len(w.main) || w.main[id.Height].Hash != id.Hash {
			continue
		}
		u := chain.Update{Reverted: locator[:i]}
		for h := id.Height + 1; int(h) < len(w.main) && len(u.Applied) < limit; h++ {
			u.Applied = append(u.Applied, chain.Block{BlockID: w.main[h].BlockID, Header: w.main[h].Header})
		}
		u.More = int(id.Height)+len(u.Applied)+1 < len(w.main)
		return u
	}
	w.t.Fatalf("locator %v: nothing of it is on the chain", locator)
	return chain.Update{}
}

// fill gives the blocks of an update that match the scripts their
// transactions.
func (w *world) fill(u *chain.Update, scripts [][]byte) {
	w.t.Helper()
	for i := range u.Applied {
		b := &u.Applied[i]
		b.Msg = nil
		f, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, w.filters[b.Hash])
		if err != nil {
			w.t.Fatal(err)
		}
		if len(scripts) > 0 && f.MatchAny(b.Header.FilterKey(), scripts) {
			b.Msg = w.every[b.Hash].Msg
		}
	}
}

// scanner is a wallet or a set of them, as the syncer sees it.
type scanner interface {
	Scanned() (consensus.BlockID, bool)
	Locator() []consensus.BlockID
	Scripts() ([][]byte, uint64)
	Apply(ctx context.Context, u chain.Update) (bool, error)
}

// step takes a wallet one update further. It reports whether there was one.
func (w *world) step(x scanner, limit int) bool {
	w.t.Helper()
	var seen []consensus.BlockID
	for {
		locator := x.Locator()
		if len(locator) == 0 || slices.Contains(seen, locator[0]) {
			return false
		}
		seen = append(seen, locator[0])
		if u := w.since(locator, limit); !u.Empty() {
			w.take(x, u)
			return true
		}
	}
}

// take gives a wallet an update.
func (w *world) take(x scanner, u chain.Update) {
	w.t.Helper()
	scripts, revision := x.Scripts()
	w.fill(&u, scripts)
	w.takeFilled(x, u, revision)
}

// takeFilled gives a wallet an update that was matched against scripts of a revision.
func (w *world) takeFilled(x scanner, u chain.Update, revision uint64) {
	w.t.Helper()
	for {
		grown, err := x.Apply(w.t.Context(), u)
		var invalid *consensus.InvalidBlock
		if w.invalid != nil && errors.As(err, &invalid) {
			w.invalid(invalid)
			return
		}
		if err != nil {
			w.t.Fatal(err)
		}
		if w.applied != nil {
			w.applied()
		}
		if !grown {
			return
		}
		before := revision
		scripts, now := x.Scripts()
		if revision = now; revision == before {
			w.t.Fatal("grown without more scripts to match")
		}
		w.fill(&u, scripts)
	}
}

// sync takes a wallet to the tip.
func (w *world) sync(x *Wallet, limit int) {
	w.t.Helper()
	for w.step(x, limit) {
	}
	s := x.store.Now()
	if s.Count() > 0 && (s.Tip != w.tip().BlockID || s.Cursor != s.Tip) {
		w.t.Fatalf("synced to tip %v, cursor %v, want %v", s.Tip, s.Cursor, w.tip().BlockID)
	}
}

// spend returns a transaction of some outpoints to some outputs.
func spend(ops []wire.OutPoint, outs ...*wire.TxOut) *wire.MsgTx {
	tx := wire.NewMsgTx()
	for i := range ops {
		tx.AddTxIn(wire.NewTxIn(&ops[i], 0, nil))
	}
	tx.TxOut = outs
	return tx
}

// coinbase returns a block reward.
func (w *world) coinbase(script []byte, value int64) *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: math.MaxUint32}, value, []byte{0, 0}))
	tx.AddTxOut(wire.NewTxOut(0, nullData(binary.BigEndian.AppendUint64(nil, w.unique()))))
	tx.AddTxOut(wire.NewTxOut(value, script))
	return tx
}

// tagWith returns a payment script with a stake tag.
func tagWith(op byte, pay []byte) []byte { return append([]byte{op}, pay...) }

// commitment returns the ticket output that commits to a script.
func commitment(pay []byte, amount int64) *wire.TxOut {
	raw := binary.LittleEndian.AppendUint64(nil, uint64(amount))
	hash := pay[3:23]
	if pay[0] == txscript.OP_HASH160 {
		hash = pay[2:22]
		raw[7] |= 0x80
	}
	return wire.NewTxOut(0, nullData(append(append(append([]byte{}, hash...), raw...), 0, 0x58)))
}

// ticket returns a ticket purchase. Each input has a commitment and change.
func (w *world) ticket(coins []coin, voting []byte, commitTo, changeTo [][]byte) *wire.MsgTx {
	tx := wire.NewMsgTx()
	price := int64(0)
	for i, c := range coins {
		op := c.op
		tx.AddTxIn(wire.NewTxIn(&op, c.amount, nil))
		change := int64(0)
		if i%2 == 0 {
			change = c.amount / 4
		}
		fee := min(c.amount/100, 1)
		price += c.amount - change - fee
		tx.AddTxOut(commitment(commitTo[i], c.amount-change))
		tx.AddTxOut(wire.NewTxOut(change, tagWith(txscript.OP_SSTXCHANGE, changeTo[i])))
	}
	first := wire.NewTxOut(price, tagWith(txscript.OP_SSTX, voting))
	tx.TxOut = append([]*wire.TxOut{first}, tx.TxOut...)
	return tx
}

// vote returns a vote of a ticket, which earns one atom per commitment.
func (w *world) vote(ticket *wire.MsgTx, ref consensus.BlockID) *wire.MsgTx {
	op := wire.OutPoint{Hash: ticket.TxHash(), Tree: wire.TxTreeStake}
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: math.MaxUint32}, 1, []byte{0, 0}))
	tx.AddTxIn(wire.NewTxIn(&op, ticket.TxOut[0].Value, nil))
	block := binary.LittleEndian.AppendUint32(ref.Hash[:len(ref.Hash):len(ref.Hash)], uint32(ref.Height))
	tx.AddTxOut(wire.NewTxOut(0, nullData(block)))
	tx.AddTxOut(wire.NewTxOut(0, nullData([]byte{1, 0, 10, 0, 0, 0})))
	for i := 1; i < len(ticket.TxOut); i += 2 {
		pay := txn.CommittedScript(ticket.TxOut[i].PkScript)
		tx.AddTxOut(wire.NewTxOut(committedAmount(ticket.TxOut[i].PkScript)+1, tagWith(txscript.OP_SSGEN, pay)))
	}
	return tx
}

// revocation returns a revocation of a ticket.
func (w *world) revocation(ticket *wire.MsgTx) *wire.MsgTx {
	op := wire.OutPoint{Hash: ticket.TxHash(), Tree: wire.TxTreeStake}
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&op, ticket.TxOut[0].Value, nil))
	for i := 1; i < len(ticket.TxOut); i += 2 {
		pay := txn.CommittedScript(ticket.TxOut[i].PkScript)
		tx.AddTxOut(wire.NewTxOut(committedAmount(ticket.TxOut[i].PkScript), tagWith(txscript.OP_SSRTX, pay)))
	}
	return tx
}

// treasuryAdd returns a payment to the treasury with change.
func (w *world) treasuryAdd(c coin, changeTo []byte) *wire.MsgTx {
	tx := spend([]wire.OutPoint{c.op}, wire.NewTxOut(c.amount-c.amount/3, []byte{txscript.OP_TADD}),
		wire.NewTxOut(c.amount/3, tagWith(txscript.OP_SSTXCHANGE, changeTo)))
	tx.Version = wire.TxVersionTreasury
	return tx
}

// treasurySpend returns a payment by the treasury.
func (w *world) treasurySpend(pay []byte, amount int64) *wire.MsgTx {
	sig := append([]byte{txscript.OP_DATA_64}, make([]byte, 64)...)
	sig = append(append(sig, txscript.OP_DATA_33, 2), make([]byte, 32)...)
	sig = append(sig, txscript.OP_TSPEND)
	tx := wire.NewMsgTx()
	tx.Version = wire.TxVersionTreasury
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: math.MaxUint32}, amount, sig))
	random := chainhash.HashB(binary.BigEndian.AppendUint64(nil, w.unique()))
	tx.AddTxOut(wire.NewTxOut(0, nullData(random)))
	tx.AddTxOut(wire.NewTxOut(amount, tagWith(txscript.OP_TGEN, pay)))
	tx.Expiry = 1 << 20
	return tx
}

func committedAmount(commitment []byte) int64 {
	return int64(binary.LittleEndian.Uint64(commitment[22:30]) &^ (1 << 63))
}
