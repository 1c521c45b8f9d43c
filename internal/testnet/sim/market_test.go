package sim_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// staking is the height above which there are votes, and with them revocations.
const staking = 144

// market makes up what holders do with their money. What it makes follows from its
// chance and the chain that it builds on.
type market struct {
	chance *rand.Rand
	serial uint64
	lost   []testnet.Tx // of branches that were left
}

// plan makes up transactions for n blocks above a tape's last one, at a height. The
// tape plays them.
func (m *market) plan(t *tape, at consensus.Height, n int) testnet.Plan {
	plan := testnet.Plan{}
	for height := at + 1; height <= at+consensus.Height(n); height++ {
		for range m.chance.IntN(3) {
			tx, ok := m.tx(t, height)
			if !ok || t.seen[tx.Msg.TxHash()] {
				continue
			}
			signed(tx.Msg, t)
			t.tx(height, tx.Msg)
			plan[height] = append(plan[height], tx)
		}
	}
	return plan
}

// tx makes up a transaction for the block at a height.
func (m *market) tx(t *tape, height consensus.Height) (testnet.Tx, bool) {
	switch kind := m.chance.IntN(8); {
	case kind < 2:
		return m.income(t), true
	case kind == 2 && height > staking:
		return m.ticket(t, height)
	case kind == 3 && height > staking:
		return m.revocation(t, height)
	case kind == 4:
		return m.again(t, height)
	}
	return m.payment(t, height)
}

// income pays a holder from nowhere.
func (m *market) income(t *tape) testnet.Tx {
	m.serial++
	from := wire.OutPoint{Hash: chainhash.HashH(binary.BigEndian.AppendUint64([]byte("nowhere"), m.serial^m.chance.Uint64()))}
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&from, 0, nil))
	tx.AddTxOut(wire.NewTxOut(1e6+m.chance.Int64N(1e8), m.holder(t)))
	return testnet.Tx{Msg: tx, Spends: [][]byte{payTo(from.Hash[:20])}}
}

// payment spends a coin or two to anybody.
func (m *market) payment(t *tape, height consensus.Height) (testnet.Tx, bool) {
	coins := t.spendable(height)
	if len(coins) == 0 {
		return testnet.Tx{}, false
	}
	tx, spends, sum := wire.NewMsgTx(), [][]byte(nil), int64(0)
	for _, i := range m.chance.Perm(len(coins))[:min(len(coins), 1+m.chance.IntN(2))] {
		sum += m.spend(t, tx, coins[i])
		spends = append(spends, t.coins[coins[i]].script)
	}
	for sum > 0 {
		part := min(sum, 1+m.chance.Int64N(sum))
		tx.AddTxOut(wire.NewTxOut(part, m.anybody(t)))
		if sum -= part; m.chance.IntN(2) == 0 {
			break // the rest is the fee
		}
	}
	return testnet.Tx{Msg: tx, Spends: spends}, true
}

// ticket buys a ticket with a coin of an earlier block.
func (m *market) ticket(t *tape, height consensus.Height) (testnet.Tx, bool) {
	coins := slices.DeleteFunc(t.spendable(height), func(op wire.OutPoint) bool { return t.coins[op].height == height })
	if len(coins) == 0 {
		return testnet.Tx{}, false
	}
	from := coins[m.chance.IntN(len(coins))]
	tx := wire.NewMsgTx()
	sum := m.spend(t, tx, from)
	change := m.chance.Int64N(sum)
	amount := sum - change
	commitment := append([]byte{txscript.OP_RETURN, 30}, m.anybody(t)[3:23]...)
	commitment = append(binary.LittleEndian.AppendUint64(commitment, uint64(amount)), 0, 0x58)
	tx.AddTxOut(wire.NewTxOut(amount, append([]byte{txscript.OP_SSTX}, m.anybody(t)...)))
	tx.AddTxOut(wire.NewTxOut(0, commitment))
	tx.AddTxOut(wire.NewTxOut(change, append([]byte{txscript.OP_SSTXCHANGE}, m.anybody(t)...)))
	return testnet.Tx{Msg: tx, Stake: true, Spends: [][]byte{t.coins[from].script}}, true
}

// revocation returns what is in a ticket.
func (m *market) revocation(t *tape, height consensus.Height) (testnet.Tx, bool) {
	tickets := t.tickets(height)
	if len(tickets) == 0 {
		return testnet.Tx{}, false
	}
	from := tickets[m.chance.IntN(len(tickets))]
	n := t.coins[from]
	tx := wire.NewMsgTx()
	m.spend(t, tx, from)
	for _, p := range n.promises { // there is one, to whatever script the ticket says
		at := m.chance.IntN(min(t.used[p.to][0]+1, addresses))
		tx.AddTxOut(wire.NewTxOut(p.amount, append([]byte{txscript.OP_SSRTX}, p.to.scripts[0][at]...)))
	}
	return testnet.Tx{Msg: tx, Stake: true, Spends: [][]byte{n.script}}, true
}

// again returns a transaction of a branch that was left, if it can still be mined
// and a wallet that never saw that branch would find it.
func (m *market) again(t *tape, height consensus.Height) (testnet.Tx, bool) {
	if len(m.lost) == 0 {
		return testnet.Tx{}, false
	}
	tx := m.lost[m.chance.IntN(len(m.lost))]
	for i, in := range tx.Msg.TxIn {
		n := t.coins[bare(in.PreviousOutPoint)]
		income := len(tx.Msg.TxIn) == 1 && slices.Equal(tx.Spends[i], payTo(in.PreviousOutPoint.Hash[:20]))
		if !income && (n == nil || n.spent || n.height >= height || n.returned && height-n.height < returnMaturity) {
			return testnet.Tx{}, false
		}
	}
	for i, out := range tx.Msg.TxOut {
		script := untagged(out.PkScript)
		if isTicket(tx.Msg) && i%2 == 1 {
			script = payTo(out.PkScript[2:22])
		}
		if h := t.owner(script); h != nil && !t.known(h, script) {
			return testnet.Tx{}, false
		}
	}
	return tx, true
}

// spend adds an input, and returns what it is worth.
func (m *market) spend(t *tape, tx *wire.MsgTx, op wire.OutPoint) int64 {
	n := t.coins[op]
	if n.stake {
		op.Tree = wire.TxTreeStake
	}
	tx.AddTxIn(wire.NewTxIn(&op, n.amount, make([]byte, 107)))
	return n.amount
}

// anybody returns the script of a holder, or of a stranger now and then.
func (m *market) anybody(t *tape) []byte {
	if m.chance.IntN(3) > 0 {
		return m.holder(t)
	}
	m.serial++
	hash := chainhash.HashH(binary.BigEndian.AppendUint64([]byte("stranger"), m.serial))
	return payTo(hash[:20])
}

// holder returns the script of a holder, one that wallets watch which have read the tape.
func (m *market) holder(t *tape) []byte {
	h, branch := t.holders[m.chance.IntN(len(t.holders))], m.chance.IntN(2)
	last := min(t.used[h][branch]+gap, addresses) - 1
	index := m.chance.IntN(min(t.used[h][branch]+2, last+1))
	if m.chance.IntN(40) == 0 {
		index = last // the window has to grow
	}
	return h.scripts[branch][index]
}

// leave notes the planned transactions of blocks that a reorganisation takes away.
func (m *market) leave(plans []testnet.Tx) { m.lost = append(m.lost, plans...) }
