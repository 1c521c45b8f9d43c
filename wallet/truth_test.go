package wallet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// oracleIndexes is how many addresses of a branch the oracle knows: no test uses or
// issues more.
const oracleIndexes = 260

// asked is what a user has asked a wallet to watch: an account of a seed, or scripts.
type asked struct {
	name   string
	seed   byte // of an account, zero for scripts
	gap    uint32
	issued [2]uint32
	late   [2]map[uint32][]birth // of addresses issued behind the window; none: the account's
	floor  [2]uint32             // how many addresses were watched before
	pays   []string
	births []birth
}

// birth is from where on something asked for counts: a height, what comes after a block,
// or the first block not older than a day before a date.
type birth struct {
	height consensus.Height
	date   time.Time
	after  *chain.Block
	unseen bool             // the wallet had not come to that block
	counts consensus.Height // from where on it counts if the block was unseen, zero for what follows from the chain
	rescan uint32           // the job that it is due to, if any
}

// oracle says what a wallet has to say: a function of what was asked for and of the
// chain. It replays the chain from the first block each time, and shares no code with
// the wallet but the kinds and sources of outputs.
type oracle struct {
	w     *world
	asked []*asked
	keys  map[byte][2][]string
	full  bool // windows end where those of the wallet do
}

// scriptsOf returns the scripts of the first addresses of a seed, by branch.
func (o *oracle) scriptsOf(seed byte) [2][]string {
	if list, ok := o.keys[seed]; ok {
		return list
	}
	var list [2][]string
	for branch := range list {
		key := oracleChild(o.w.t, seedKey(o.w.t, o.w.params.ChainParams, seed).Neuter(), uint32(branch))
		for i := range uint32(oracleIndexes) {
			hash := stdaddr.Hash160(oracleChild(o.w.t, key, i).SerializedPubKey())
			list[branch] = append(list[branch], string(keyHashScript(hash)))
		}
	}
	o.keys[seed] = list
	return list
}

func oracleChild(t testing.TB, key *hdkeychain.ExtendedKey, i uint32) *hdkeychain.ExtendedKey {
	child, err := key.Child(i)
	if err != nil {
		t.Fatal(err)
	}
	return child
}

// bornOn returns the first height of the world's chain that counts.
func (o *oracle) bornOn(list []birth) consensus.Height {
	first := consensus.Never
	for _, b := range list {
		h := b.height
		if b.after != nil {
			id := b.after
			for int(id.Height) >= len(o.w.main) || o.w.main[id.Height].Hash != id.Hash {
				parent := o.w.every[id.Header.PrevBlock()]
				id = &parent
			}
			h = cmp.Or(b.counts, id.Height+1)
		}
		if !b.date.IsZero() {
			h = consensus.Never
			for i := range o.w.main {
				if h == consensus.Never && !o.w.main[i].Header.Time().Before(b.date.AddDate(0, 0, -1)) {
					h = consensus.Height(i)
				}
			}
		}
		first = min(first, max(h, 1))
	}
	return first
}

// watching is the account that owns each script, and the height from which it counts.
type watching struct {
	owner map[string]string // account names
	born  map[string]consensus.Height
	used  map[string][2]uint32
	end   map[string][2]uint32
	place map[string][2]int // branch and index
}

// watched returns the least fixed point of the windows over the chain.
func (o *oracle) watched() watching {
	used := make(map[string][2]uint32)
	for {
		v := o.owners(used)
		next := o.use(v)
		if maps.Equal(next, used) {
			v.used = used
			return v
		}
		used = next
	}
}

// owners returns what is watched when so many addresses are used.
func (o *oracle) owners(used map[string][2]uint32) watching {
	v := watching{make(map[string]string), make(map[string]consensus.Height), nil, make(map[string][2]uint32), make(map[string][2]int)}
	for _, a := range o.asked {
		for _, pay := range a.pays {
			v.owner[pay] = ImportedName
			v.born[pay] = min(o.bornOn(a.births), cmp.Or(v.born[pay], consensus.Never))
		}
	}
	imported := maps.Clone(v.born)
	for _, a := range o.asked {
		if a.seed == 0 {
			continue
		}
		scripts, first := o.scriptsOf(a.seed), o.bornOn(a.births)
		var end [2]uint32
		for branch := range scripts {
			n := max((used[a.name][branch]/a.gap+2)*a.gap, a.issued[branch], a.floor[branch])
			if o.full {
				n = a.floor[branch]
			}
			end[branch] = n
			for _, pay := range scripts[branch][:n] {
				first = min(first, cmp.Or(v.born[pay], consensus.Never))
			}
		}
		v.end[a.name] = end
		for branch := range scripts {
			for i, pay := range scripts[branch][:end[branch]] {
				born := first
				covered := (used[a.name][branch]/a.gap + 2) * a.gap
				if late := a.late[branch][uint32(i)]; late != nil && uint32(i) >= covered {
					born = max(first, min(o.bornOn(late), cmp.Or(imported[pay], consensus.Never)))
				}
				v.owner[pay], v.born[pay], v.place[pay] = a.name, born, [2]int{branch, i}
			}
		}
	}
	return v
}

// paysTo returns the scripts that a transaction pays or commits to, by output.
func paysTo(tx *wire.MsgTx) map[int]string {
	coins := make(map[wire.OutPoint]coin)
	play(coins, tx, 0, treeOfTest(tx), false)
	list := make(map[int]string)
	for op, c := range coins {
		list[int(op.Index)] = string(c.pay)
		if c.ticket == nil {
			continue
		}
		delete(list, int(op.Index))
		for i := 1; i < len(tx.TxOut); i += 2 {
			list[i] = string(txn.CommittedScript(tx.TxOut[i].PkScript))
		}
	}
	return list
}

// treeOfTest returns the tree of a transaction by the tags of its outputs.
func treeOfTest(tx *wire.MsgTx) int8 {
	for _, out := range tx.TxOut {
		if out.PkScript[0] >= 0xba && out.PkScript[0] <= 0xbd || out.PkScript[0] >= 0xc1 && out.PkScript[0] <= 0xc3 {
			return wire.TxTreeStake
		}
	}
	return wire.TxTreeRegular
}

// use returns how many addresses of each account the chain uses.
func (o *oracle) use(v watching) map[string][2]uint32 {
	used := make(map[string][2]uint32)
	for h, b := range o.w.main[1:] {
		for _, tx := range slices.Concat(b.Msg.STransactions, b.Msg.Transactions) {
			for _, pay := range paysTo(tx) {
				at, derived := v.place[pay]
				if !derived || v.born[pay] > consensus.Height(h+1) {
					continue
				}
				n := used[v.owner[pay]]
				n[at[0]] = max(n[at[0]], uint32(at[1])+1)
				used[v.owner[pay]] = n
			}
		}
	}
	return used
}

// books are what a wallet has to say.
type truth struct {
	watching
	balances map[string]Balance
	unspent  []string // outpoints and amounts, without the votes' rights
	history  []string // transactions in blocks, with their net amounts
	void     map[chainhash.Hash]*wire.MsgTx
	mined    map[chainhash.Hash]bool
	height   map[chainhash.Hash]consensus.Height // of mined
	listed   map[chainhash.Hash]bool             // of the history
	spent    map[wire.OutPoint]chainhash.Hash    // by blocks
	coins    map[wire.OutPoint]coin              // of ours, spent or not
}

// truth replays the chain.
func (o *oracle) truth() truth {
	v := o.watched()
	out := truth{watching: v, balances: make(map[string]Balance), void: make(map[chainhash.Hash]*wire.MsgTx),
		mined: make(map[chainhash.Hash]bool), height: make(map[chainhash.Hash]consensus.Height), listed: make(map[chainhash.Hash]bool), spent: make(map[wire.OutPoint]chainhash.Hash)}
	mine := make(map[wire.OutPoint]coin) // of ours, spent or not
	unspent := make(map[wire.OutPoint]coin)
	counts := func(pay []byte, h consensus.Height) bool {
		born, ok := v.born[string(pay)]
		return ok && born <= h
	}
	for h, b := range o.w.main {
		if h == 0 {
			continue
		}
		height := consensus.Height(h)
		disapproved := h+1 < len(o.w.main) && o.w.main[h+1].Header.VoteBits()&1 == 0
		step := func(tx *wire.MsgTx, tree int8, index int) {
			hash := *tx.CachedTxHash()
			made := make(map[wire.OutPoint]coin)
			play(made, tx, height, tree, tree == wire.TxTreeRegular && index == 0)
			net, ours := int64(0), false
			for _, in := range tx.TxIn {
				c, ok := mine[txn.Bare(in.PreviousOutPoint)]
				if !ok {
					continue
				}
				ours = true
				if c.ticket == nil {
					net -= c.amount
				} else {
					net -= o.committed(c.ticket, c.height, counts)
				}
			}
			for op, c := range made {
				switch {
				case c.ticket != nil:
					if sum := o.committed(tx, height, counts); sum > 0 {
						net, ours = net+sum, true
					} else {
						delete(made, op)
					}
				case counts(c.pay, height):
					net, ours = net+c.amount, true
				default:
					delete(made, op)
				}
			}
			if tree == wire.TxTreeRegular && disapproved {
				if ours {
					out.void[hash] = tx
				}
				return
			}
			out.mined[hash], out.height[hash] = true, height
			for _, in := range tx.TxIn {
				delete(unspent, txn.Bare(in.PreviousOutPoint))
				out.spent[txn.Bare(in.PreviousOutPoint)] = hash
			}
			for op, c := range made {
				mine[txn.Bare(op)], unspent[txn.Bare(op)] = c, c
			}
			if ours {
				out.listed[hash] = true
				out.history = append(out.history, fmt.Sprint(height, tree, index, hash, net))
			}
		}
		for i, tx := range b.Msg.STransactions {
			step(tx, wire.TxTreeStake, i)
		}
		for i, tx := range b.Msg.Transactions {
			step(tx, wire.TxTreeRegular, i)
		}
	}
	for _, c := range unspent {
		o.add(&out, c, counts)
	}
	out.coins = mine
	slices.Sort(out.unspent)
	slices.Sort(out.history)
	return out
}

// committed returns what a ticket commits to scripts that count.
func (o *oracle) committed(ticket *wire.MsgTx, h consensus.Height, counts func([]byte, consensus.Height) bool) (sum int64) {
	for i := 1; i < len(ticket.TxOut); i += 2 {
		if script := ticket.TxOut[i].PkScript; counts(txn.CommittedScript(script), h) {
			sum += committedAmount(script)
		}
	}
	return sum
}

// add adds an unspent output.
func (o *oracle) add(out *truth, c coin, counts func([]byte, consensus.Height) bool) {
	if c.ticket != nil {
		for i := 1; i < len(c.ticket.TxOut); i += 2 {
			if script := c.ticket.TxOut[i].PkScript; counts(txn.CommittedScript(script), c.height) {
				b := out.balances[out.owner[string(txn.CommittedScript(script))]]
				b.LockedByTickets += amountOf(committedAmount(script))
				out.balances[out.owner[string(txn.CommittedScript(script))]] = b
			}
		}
		if counts(c.pay, c.height) {
			b := out.balances[out.owner[string(c.pay)]]
			b.VotingAuthority += amountOf(c.amount)
			out.balances[out.owner[string(c.pay)]] = b
			out.unspent = append(out.unspent, fmt.Sprint(c.op, c.amount))
		}
		return
	}
	name := out.owner[string(c.pay)]
	b := out.balances[name]
	switch confs := int64(len(o.w.main)) - int64(c.height); {
	case confs >= c.need():
		b.Spendable += amountOf(c.amount)
	case c.source == FromCoinbase:
		b.ImmatureCoinbase += amountOf(c.amount)
	default:
		b.ImmatureStake += amountOf(c.amount)
	}
	out.balances[name] = b
	out.unspent = append(out.unspent, fmt.Sprint(c.op, c.amount))
}
