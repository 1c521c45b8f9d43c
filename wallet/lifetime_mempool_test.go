package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// one is a public key or a redeem script that may be imported, and the scripts that it
// makes a wallet watch, that of its address last.
type one struct {
	key, redeem []byte
	pays        []string
}

// singles returns those of the lives: a key of a seed that no account is imported of, one
// of an account that is, and scripts that anyone may spend.
var singles = sync.OnceValue(func() []one {
	var list []one
	for _, seed := range []byte{3, 1} {
		key, pay := testKey(seed, 5)
		push := append([]byte{txscript.OP_DATA_33}, key...)
		list = append(list, one{key: key, pays: []string{string(append(push, txscript.OP_CHECKSIG)), pay}})
	}
	for _, redeem := range [][]byte{{txscript.OP_TRUE}, {txscript.OP_1, txscript.OP_DROP, txscript.OP_TRUE}} {
		script := append([]byte{txscript.OP_HASH160, txscript.OP_DATA_20}, stdaddr.Hash160(redeem)...)
		list = append(list, one{redeem: redeem, pays: []string{string(append(script, txscript.OP_EQUAL))}})
	}
	return list
})

// relay makes a peer relay a transaction, perhaps one that spends what another one spends.
func (l *lifetime) relay() {
	l.t.Helper()
	tx := l.propose(l.t, l.x)
	if tx == nil {
		return
	}
	l.sign(tx)
	l.hear(tx)
}

// hear makes the wallets hear of a transaction. When they are at the tip, those keep it
// that it concerns and that know nothing against it.
func (l *lifetime) hear(tx *wire.MsgTx) {
	l.t.Helper()
	hash := tx.TxHash()
	if _, again := l.heardAt[hash]; !again {
		l.heardAt[hash] = l.clock
	}
	want := l.wanted(tx)
	var err error
	if l.set != nil {
		_, _, err = l.set.Heard(l.t.Context(), tx, "", false)
	} else {
		_, _, err = l.x.heard(l.t.Context(), tx, "", false, 0)
	}
	l.note("relay %v, expiry %d: %v", hash, tx.Expiry, err)
	if err != nil {
		l.fail("%v", err)
	}
	for i, sub := range l.subjects {
		pool := l.poolOf(sub)
		if want[i] && pool[hash] == nil {
			l.fail("wallet %s does not keep %v, which concerns it", sub.name, hash)
		}
		if pool[hash] != nil {
			l.keep(sub, hash, false)
		}
	}
}

// wanted returns which wallets have to keep a relayed transaction.
func (l *lifetime) wanted(tx *wire.MsgTx) []bool {
	l.t.Helper()
	all := make([]bool, len(l.subjects))
	was := l.subject
	defer func() { l.subject = was }()
	for i := range l.subjects {
		l.subject = l.subjects[i]
		if len(l.o.asked) == 0 || !l.synced() {
			continue
		}
		l.floors()
		want, pool := l.o.truth(), l.poolOf(l.subject)
		rival := tx.Expiry != 0 && tx.Expiry <= uint32(l.tip().Height)+1
		for _, op := range txn.PrevOuts(tx) {
			_, spent := want.spent[op]
			rival = rival || spent
			for _, other := range pool {
				rival = rival || slices.Contains(txn.PrevOuts(other), op)
			}
		}
		all[i] = !rival && l.concerned(&want, tx, pool)
	}
	return all
}

// concerned reports whether a transaction pays what is watched, or spends what is ours.
func (l *lifetime) concerned(want *truth, tx *wire.MsgTx, pool map[chainhash.Hash]*wire.MsgTx) bool {
	for _, pay := range paysTo(tx) {
		if _, ok := want.owner[pay]; ok {
			return true
		}
	}
	for _, op := range txn.PrevOuts(tx) {
		if _, ok := want.coins[op]; ok {
			return true
		}
		if parent := pool[op.Hash]; parent != nil && !l.old(op.Hash) {
			if _, ok := want.owner[paysTo(parent)[int(op.Index)]]; ok {
				return true
			}
		}
	}
	return false
}

// poolOf returns the unmined transactions of a wallet.
func (l *lifetime) poolOf(sub *subject) map[chainhash.Hash]*wire.MsgTx {
	l.t.Helper()
	list, err := sub.x.Unmined(l.t.Context())
	if err != nil {
		l.fail("%v", err)
	}
	pool := make(map[chainhash.Hash]*wire.MsgTx)
	for _, u := range list {
		pool[u.Hash] = u.Tx
	}
	return pool
}

// publish publishes a payment of an output of the wallet.
func (l *lifetime) publish() {
	l.t.Helper()
	list, err := l.x.Unspent(l.t.Context(), OutputFilter{Usable: true})
	if err != nil {
		l.fail("%v", err)
	}
	list = slices.DeleteFunc(list, func(o Output) bool { return testKeys()[string(txn.Untag(o.PkScript))] == nil || o.Amount < 8 })
	if len(list) == 0 {
		return
	}
	o := list[l.rng.IntN(len(list))]
	l.offer(l.payment(coin{op: o.OutPoint, amount: int64(o.Amount)}))
}

// publishUnborn publishes a payment of something of others to a script that no block
// so far counts for, and perhaps has it mined before any does.
func (l *lifetime) publishUnborn() {
	l.t.Helper()
	l.floors()
	v := l.o.watched()
	var unborn []string
	for _, pay := range l.pool {
		if born := v.born[pay]; born > l.tip().Height+1 {
			unborn = append(unborn, pay)
		}
	}
	if len(unborn) == 0 || !l.synced() {
		return
	}
	foreign := l.world.pay(l.stranger(), 600) // as good as mined
	l.txs[foreign.TxHash()] = foreign
	pay := []byte(unborn[l.rng.IntN(len(unborn))])
	tx := spend([]wire.OutPoint{{Hash: foreign.TxHash()}}, wire.NewTxOut(500, pay))
	if l.offer(tx) && l.rng.IntN(2) == 0 {
		l.mine(nil, []*wire.MsgTx{l.coinbase(l.stranger(), 1), tx}, true)
	}
}

// offer publishes a transaction, and reports whether it is the wallet's.
func (l *lifetime) offer(tx *wire.MsgTx) (own bool) {
	l.t.Helper()
	hash := tx.TxHash()
	l.txs[hash] = tx
	l.sign(tx)
	var err error
	if l.set != nil {
		own, err = l.set.Publish(l.t.Context(), tx)
	} else {
		own, err = l.x.publish(l.t.Context(), tx, 0)
	}
	l.note("publish %v: %v, %v", hash, own, err)
	refused := errors.Is(err, ErrDoubleSpend) || errors.Is(err, ErrBadTransaction) && !l.synced() || errors.Is(err, ErrImmature)
	if err != nil && !refused || err == nil && !own && l.synced() {
		l.fail("publish %v: %v, %v", hash, own, err)
	}
	for _, sub := range l.subjects {
		if own && l.poolOf(sub)[hash] != nil {
			l.keep(sub, hash, true)
		}
	}
	return own
}

// mineUnmined mines some unmined transactions, or what double spends them, or the same
// with another witness, which their hashes leave out.
func (l *lifetime) mineUnmined() {
	l.t.Helper()
	list, err := l.x.Unmined(l.t.Context())
	if err != nil {
		l.fail("%v", err)
	}
	regular := []*wire.MsgTx{l.coinbase(l.someone(), 50_000)}
	for _, u := range list {
		if expired := u.Tx.Expiry != 0 && int(u.Tx.Expiry) <= len(l.main); expired {
			continue // the wallet has not seen the blocks yet since which it is
		}
		if txn.KindOf(u.Tx) != Regular || l.rng.IntN(2) == 0 || !l.spendable(u.Tx, regular) {
			continue
		}
		switch tx := u.Tx; l.rng.IntN(4) {
		case 0:
			if double := l.payment(coin{op: tx.TxIn[0].PreviousOutPoint, amount: max(8, tx.TxOut[0].Value)}); l.pays(double) {
				regular = append(regular, double)
			}
		case 1:
			regular = append(regular, l.otherWitness(tx))
		default:
			regular = append(regular, tx)
		}
	}
	l.note("mine %d of %d unmined", len(regular)-1, len(list))
	l.mine(nil, regular, true)
}

// pays reports whether a transaction pays no more than its first input, which is all, has.
func (l *lifetime) pays(tx *wire.MsgTx) bool {
	op := tx.TxIn[0].PreviousOutPoint
	parent, sum := l.txs[op.Hash], int64(0)
	for _, out := range tx.TxOut {
		sum += out.Value
	}
	return parent != nil && parent.TxOut[op.Index].Value >= sum
}

// otherWitness returns a transaction with other signatures.
func (l *lifetime) otherWitness(tx *wire.MsgTx) *wire.MsgTx {
	l.t.Helper()
	c := tx.Copy()
	for i, in := range c.TxIn {
		_, script, ok := l.PrevScript(&in.PreviousOutPoint)
		if ok {
			in.SignatureScript = l.signature(c, i, script, txscript.SigHashAll|txscript.SigHashAnyOneCanPay)
		}
	}
	return c
}

// keptTx is an unmined transaction that a wallet took.
type keptTx struct {
	published bool
	since     consensus.Height // the chain and the wallet have had the blocks up to it ever since
}

// keep records that a wallet lists an unmined transaction.
func (l *lifetime) keep(sub *subject, hash chainhash.Hash, published bool) {
	k := sub.kept[hash]
	if k == nil {
		k = &keptTx{since: l.fork(sub.x.store.Now().Tip).Height}
		sub.kept[hash] = k
	}
	k.published = k.published || published
}

// fork returns the highest block of the chain that is the given one or below it.
func (l *lifetime) fork(id consensus.BlockID) consensus.BlockID {
	for int(id.Height) >= len(l.main) || l.main[id.Height].Hash != id.Hash {
		b := l.every[id.Hash]
		id = l.every[b.Header.PrevBlock()].BlockID
	}
	return id
}

// contested reports whether a transaction that a wallet took may have been forgotten: it shares
// an outpoint with another one, may expire or was relayed long ago; or that is true of what it
// spends from, or that is a vote or the like, which no block but its own may hold. It gives way
// with what it spends from, also if a later branch holds that; what was mined all the time since
// then did not give way.
func (l *lifetime) contested(want *truth, hash chainhash.Hash, k *keptTx) bool {
	if l.spenders == nil {
		l.spenders = make(map[wire.OutPoint]int)
		for _, tx := range l.txs {
			for _, op := range txn.PrevOuts(tx) {
				l.spenders[op]++
			}
		}
	}
	known := make(map[chainhash.Hash]bool)
	var may func(hash chainhash.Hash) bool
	may = func(hash chainhash.Hash) bool {
		if m, ok := known[hash]; ok {
			return m
		}
		tx := l.txs[hash]
		m := tx == nil || txn.MinedOnly(txn.KindOf(tx)) || tx.Expiry != 0 && tx.Expiry < 1<<20
		m = m || !k.published && l.old(hash)
		for _, op := range txn.PrevOuts(cmpTx(tx)) {
			at, mined := want.height[op.Hash]
			m = m || l.spenders[op] > 1 || (!mined || at >= k.since) && may(op.Hash)
		}
		known[hash] = m
		return m
	}
	return may(hash)
}

// old reports whether a transaction was relayed so long ago that a wallet may forget it, if it
// spends nothing of the wallet and nothing that was published spends its outputs.
func (l *lifetime) old(hash chainhash.Hash) bool {
	at, relayed := l.heardAt[hash]
	return relayed && l.clock-at >= loneKept
}

func cmpTx(tx *wire.MsgTx) *wire.MsgTx {
	if tx == nil {
		return wire.NewMsgTx()
	}
	return tx
}

// checkUnmined wants what the wallet has taken to be unmined as long as it is not mined,
// concerns the wallet, and nothing spends the same.
func (l *lifetime) checkUnmined(want *truth, pool map[chainhash.Hash]*wire.MsgTx) {
	l.t.Helper()
	for hash, k := range l.kept {
		tx := l.txs[hash]
		there := want.mined[hash] || pool[hash] != nil || !l.concerned(want, tx, pool)
		if there || l.contested(want, hash, k) {
			continue
		}
		l.fail("unmined transaction %v is forgotten", hash)
	}
	height := uint32(l.tip().Height)
	for hash, tx := range pool {
		if tx.Expiry != 0 && tx.Expiry <= height+1 {
			l.fail("unmined transaction %v has expired at %d", hash, tx.Expiry)
		}
	}
}

// checkPublished wants what was published to be offered to peers until it is mined, so what
// spends from the wallet and was mined in a block that is void or left, and what is offered to be
// signed.
func (l *lifetime) checkPublished(want *truth) {
	l.t.Helper()
	list, err := l.x.published(l.t.Context())
	if err != nil {
		l.fail("%v", err)
	}
	offered := make(map[chainhash.Hash]bool)
	for _, tx := range list {
		offered[tx.TxHash()] = true
		for i, in := range tx.TxIn {
			version, script, ok := l.PrevScript(&in.PreviousOutPoint)
			if !ok || testKeys()[string(txn.Untag(script))] == nil {
				continue
			}
			engine, err := txscript.NewEngine(script, tx, i, nodeFlags, version, nil)
			if err == nil {
				err = engine.Execute()
			}
			if _, ours := want.coins[txn.Bare(in.PreviousOutPoint)]; err != nil && ours {
				l.fail("%v is offered to peers, and its input %d is not signed: %v", tx.TxHash(), i, err)
			}
		}
	}
	for hash, tx := range l.poolOf(l.subject) {
		mined := l.everMined(hash)
		if k := l.kept[hash]; k != nil && k.published && !offered[hash] && !mined {
			l.fail("%v was published, and is not offered to peers", hash)
		}
		spends := slices.ContainsFunc(txn.PrevOuts(tx), func(op wire.OutPoint) bool {
			_, ours := want.coins[op]
			return ours
		})
		if _, heard := l.heardAt[hash]; mined && spends && !heard && !offered[hash] {
			l.fail("%v spends from the wallet, its block is void or left, and it is not offered to peers", hash)
		}
	}
}

// nodeFlags are the script rules of a node that relays transactions.
const nodeFlags = txscript.ScriptDiscourageUpgradableNops | txscript.ScriptVerifyCleanStack | txscript.ScriptVerifyCheckLockTimeVerify |
	txscript.ScriptVerifyCheckSequenceVerify | txscript.ScriptVerifySHA256 | txscript.ScriptVerifyTreasury

// everMined reports whether any block that there ever was holds a transaction.
func (l *lifetime) everMined(hash chainhash.Hash) bool {
	for _, b := range l.every {
		if b.Msg != nil && slices.ContainsFunc(b.Msg.Transactions, func(tx *wire.MsgTx) bool { return *tx.CachedTxHash() == hash }) {
			return true
		}
	}
	return false
}

// withoutPublished returns the lines of a history without those that are there only
// because the transaction was published here: it concerns the wallet, and nothing of it
// counts. Of those all have to be there that nothing ever contested.
func (l *lifetime) withoutPublished(want *truth, history []*Transaction, lines []string) []string {
	l.t.Helper()
	there := make(map[chainhash.Hash]bool)
	var rest []string
	for i, h := range slices.DeleteFunc(slices.Clone(history), func(h *Transaction) bool { return !h.Mined() }) {
		there[h.Hash] = true
		if _, counts := slices.BinarySearch(want.history, lines[i]); counts || h.Net() != 0 || l.kept[h.Hash] == nil && !l.jumped {
			rest = append(rest, lines[i])
		}
	}
	for hash, k := range l.kept {
		if k.published && want.mined[hash] && !there[hash] && !l.contested(want, hash, k) {
			l.fail("published transaction %v is mined, and the wallet does not have it", hash)
		}
	}
	return rest
}

// oneMoment reads what happened since the first block, and wants it to be of one state of
// the wallet: one branch, confirmations counted from one tip.
func oneMoment(ctx context.Context, x *Wallet) error {
	var s Since
	blocks := make(map[Place]chainhash.Hash)
	var bad error
	err := x.Since(ctx, chainhash.Hash{}, 1, nil, func(since Since) { s = since }, func(t *Transaction) bool {
		if !t.Mined() {
			return true
		}
		at := Place{Height: t.Place.Height}
		if other, ok := blocks[at]; ok && other != t.Block {
			bad = fmt.Errorf("two blocks at %d", at.Height)
		}
		blocks[at] = t.Block
		if want := int64(s.Tip.Height-t.Place.Height) + 1; t.Confirmations != want {
			bad = fmt.Errorf("%v has %d confirmations, not %d", t.Hash, t.Confirmations, want)
		}
		if at.Height == s.Tip.Height && t.Block != s.Tip.Hash {
			bad = fmt.Errorf("%v is in a block beside the tip", t.Hash)
		}
		return bad == nil
	})
	return errors.Join(err, bad)
}
