package wallet

import (
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// check takes the wallets to the tip and compares the one at hand with the oracle.
func (l *lifetime) check() {
	l.t.Helper()
	l.note("check")
	if len(l.o.asked) == 0 {
		return
	}
	l.goOn(1 + l.rng.IntN(30))
	l.fall()
	if err := l.x.Check(l.t.Context()); err != nil {
		l.fail("%v", err)
	}
	l.checkWindows()
	want := l.o.truth()
	l.checkBuried(&want)
	l.checkTransactions(&want)
	l.checkBalances(&want)
	l.checkPublished(&want)
	l.checkClients(&want)
	l.checkWritten()
	l.checkExport(&want)
}

// checkWindows wants the wallet to watch and to have found used what the oracle says.
// What it has seen on branches that the chain has left may be more.
func (l *lifetime) checkWindows() {
	l.t.Helper()
	if l.bounded {
		l.floors()
		l.checkFull()
	}
	want := l.o.watched()
	for _, a := range l.x.store.Now().Accounts {
		asked := l.o.asked[slices.IndexFunc(l.o.asked, func(o *asked) bool { return o.name == a.Name })]
		for branch, window := range a.Branches {
			end, used := want.end[a.Name][branch], want.used[a.Name][branch]
			if a.Watched[branch] < end || window.Used < used || !l.jumped && (a.Watched[branch] != end || window.Used != used) {
				l.fail("account %s, branch %d: %d are watched and %d used, want %d and %d", a.Name, branch, a.Watched[branch], window.Used, end, used)
			}
			if window.Issued != asked.issued[branch] {
				l.fail("account %s, branch %d: %d issued, want %d", a.Name, branch, window.Issued, asked.issued[branch])
			}
		}
	}
	l.floors()
	if again := l.o.watched(); l.jumped {
		for _, a := range l.x.store.Now().Accounts {
			if end := again.end[a.Name]; a.Watched != end {
				l.fail("account %s watches %d, which makes it %d", a.Name, a.Watched, end)
			}
		}
	}
}

// checkFull wants a wallet to say that a window lacks addresses just when one does, and
// then to watch as many scripts as it may.
func (l *lifetime) checkFull() {
	l.t.Helper()
	s, lacks := l.x.store.Now(), false
	for _, a := range s.Accounts {
		for branch, w := range a.Branches {
			lacks = lacks || a.Watched[branch] < max((w.Used/a.Gap+2)*a.Gap, w.Issued)
		}
	}
	if s.Full != lacks || s.Count() > l.x.cfg.maxScripts {
		l.fail("full is %v, want %v; %d scripts of %d", s.Full, lacks, s.Count(), l.x.cfg.maxScripts)
	}
}

// floors tells the oracle how much the wallet watches, which never falls, and once the
// chain was left which of it was once covered by use, and is as old as its account. That
// is all there is of a window in a wallet without room.
func (l *lifetime) floors() {
	l.o.full = l.bounded
	l.fall()
	s := l.x.store.Now()
	for i := range s.Accounts {
		a := &s.Accounts[i]
		asked := l.o.asked[slices.IndexFunc(l.o.asked, func(o *asked) bool { return o.name == a.Name })]
		asked.floor = a.Watched
		for n := range s.Scripts {
			if sc := &s.Scripts[n]; l.jumped && sc.Account == a.Number && !sc.Own() {
				delete(asked.late[sc.Branch], sc.Index)
			}
		}
	}
}

// fall tells the oracle from where on the wallet counts what is new since a block that it had not
// come to. When the chain leaves that block, the wallet does not know the fork, but a block at or
// below it, and knows that the block is left once the chain is as high again. A step that was
// outdated when the import was made looks to the wallet as if the chain had left the block.
func (l *lifetime) fall() {
	s := l.x.store.Now()
	for _, a := range l.o.asked {
		if !slices.ContainsFunc(a.births, func(b birth) bool { return b.unseen }) {
			continue
		}
		i := slices.IndexFunc(s.Accounts, func(known state.Account) bool { return known.Name == a.name })
		var of birthday.Born
		if a.seed == 0 {
			n, _ := l.x.store.Find([]byte(a.pays[0]))
			of, i = s.Scripts[n].Born, int(s.Scripts[n].Account)
		}
		if i != int(ImportedAccount) {
			of = s.Accounts[i].Born
		}
		for n := range a.births {
			b := &a.births[n]
			if !b.unseen || of.After == 0 {
				continue
			}
			if b.counts = s.Birthdays.Anchors[of.After-1].Height + 1; l.tip().Height >= b.after.Height {
				b.counts = min(b.counts, l.fork(b.after.BlockID).Height+1)
			}
		}
	}
}

// checkBalances wants the balances to be those of the replay, and what can be spent of them to
// be what the list of unspent outputs holds.
func (l *lifetime) checkBalances(want *truth) {
	l.t.Helper()
	got, err := l.x.Balances(l.t.Context(), 1)
	list, err2 := l.x.Unspent(l.t.Context(), OutputFilter{MinConf: 1})
	if err := errors.Join(err, err2); err != nil {
		l.fail("%v", err)
	}
	free := make(map[string]dcrutil.Amount)
	for _, o := range list {
		if o.Mature && o.Source != FromTicket {
			free[o.Account] += o.Amount
		}
	}
	for _, a := range got.Accounts {
		if a.Spendable-a.Spending != free[a.Account] {
			l.fail("account %s can spend %v of %v, and its unspent outputs hold %v", a.Account, a.Spendable-a.Spending, a.Spendable, free[a.Account])
		}
		a.Total, a.Unconfirmed, a.Spending = 0, 0, 0
		if a.Balance != want.balances[a.Account] {
			l.fail("account %s has %+v, want %+v", a.Account, a.Balance, want.balances[a.Account])
		}
	}
}

func (l *lifetime) checkTransactions(want *truth) {
	l.t.Helper()
	pool := make(map[chainhash.Hash]*wire.MsgTx)
	spending := make(map[wire.OutPoint]bool)
	list, err := l.x.Unmined(l.t.Context())
	for _, u := range list {
		pool[u.Hash] = u.Tx
		for _, op := range txn.PrevOuts(u.Tx) {
			spending[op] = true
		}
	}
	history, err2 := l.x.History(l.t.Context(), HistoryFilter{})
	var mined, unspent []string
	for _, h := range history {
		if h.Mined() {
			mined = append(mined, fmt.Sprint(h.Place.Height, h.Place.Tree, int(h.Place.Index), h.Hash, int64(h.Net())))
		}
	}
	outputs, err3 := l.x.Unspent(l.t.Context(), OutputFilter{MinConf: 1})
	for _, u := range outputs {
		unspent = append(unspent, fmt.Sprint(u.OutPoint, int64(u.Amount)))
	}
	if err := errors.Join(err, err2, err3); err != nil {
		l.fail("%v", err)
	}
	mined = l.withoutPublished(want, history, mined)
	slices.Sort(mined)
	if !slices.Equal(mined, want.history) {
		l.fail("history has %q, and lacks %q", without(mined, want.history), without(want.history, mined))
	}
	slices.Sort(unspent)
	if free := l.free(want.unspent, spending); !slices.Equal(unspent, free) {
		l.fail("unspent has %q, and lacks %q", without(unspent, free), without(free, unspent))
	}
	l.checkVoid(want, pool)
	l.checkUnmined(want, pool)
}

// without returns what is in one list and not in another.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
}

// free returns the outputs that no unmined transaction spends.
func (l *lifetime) free(unspent []string, spending map[wire.OutPoint]bool) []string {
	taken := make(map[string]bool)
	for op := range spending {
		for tree := range int8(2) {
			taken[fmt.Sprint(wire.OutPoint{Hash: op.Hash, Index: op.Index, Tree: tree})] = true
		}
	}
	var list []string
	for _, u := range unspent {
		if !slices.ContainsFunc([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, func(n int) bool { return n < len(u) && taken[u[:len(u)-n]] }) {
			list = append(list, u)
		}
	}
	return list
}

// checkVoid wants the void transactions that may be mined again to be unmined, and
// none that is mined or double spent. A wallet that shares a bad block with the one that
// finds it out may know a repeated transaction from there only, if its first block is
// below the wallet's birthday: it stays unmined there until it expires.
func (l *lifetime) checkVoid(want *truth, pool map[chainhash.Hash]*wire.MsgTx) {
	l.t.Helper()
	rivals := make(map[wire.OutPoint]bool)
	for hash, tx := range pool {
		if want.mined[hash] && !l.repeated[hash] {
			l.fail("unmined transaction %v is mined", hash)
		}
		for _, op := range txn.PrevOuts(tx) {
			rivals[op] = true
		}
	}
	var dead func(tx *wire.MsgTx) bool // it spends what is spent, or what is not there
	dead = func(tx *wire.MsgTx) bool {
		return slices.ContainsFunc(txn.PrevOuts(tx), func(op wire.OutPoint) bool {
			_, spent := want.spent[op]
			there := pool[op.Hash] != nil || want.mined[op.Hash]
			if spent || rivals[op] {
				return true
			}
			gone := l.abandoned[op.Hash] || want.void[op.Hash] != nil || l.lost(op.Hash)
			return !there && (gone || dead(l.txs[op.Hash]))
		})
	}
	for hash, tx := range want.void {
		expires := tx.Expiry != 0 && tx.Expiry < 1<<20
		if l.abandoned[hash] || want.mined[hash] || pool[hash] != nil || len(txn.PrevOuts(tx)) == 0 || expires {
			continue
		}
		if !dead(tx) && !l.replaced(hash) {
			l.fail("void transaction %v is not unmined", hash)
		}
	}
}

// replaced reports whether a transaction gave way to one that is none of the wallet's:
// what the wallet knows of such a one ends with its block.
func (l *lifetime) replaced(hash chainhash.Hash) bool {
	l.t.Helper()
	told, err := l.x.Transaction(l.t.Context(), hash)
	if err != nil {
		l.fail("void transaction %v: %v", hash, err)
	}
	return slices.ContainsFunc(told.Conflicts, func(other chainhash.Hash) bool {
		_, err := l.x.Transaction(l.t.Context(), other)
		return errors.Is(err, ErrNoTransaction)
	})
}

// lost reports whether the chain holds a transaction only in void blocks, or not at all.
func (l *lifetime) lost(hash chainhash.Hash) bool {
	tx := l.txs[hash]
	return tx == nil || len(tx.TxIn) == 0 || tx.TxIn[0].PreviousOutPoint.Hash == chainhash.Hash{}
}
