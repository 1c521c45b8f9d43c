package wallet

import (
	"errors"
	"fmt"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
)

// The script rules of blocks (dcrd: consensusScriptVerifyFlags): those that have always
// held, and with those that votes have added since. What a block may hold depends on
// when it was mined: it is invalid if it breaks both.
const (
	leastBlockFlags = txscript.ScriptVerifyCleanStack | txscript.ScriptVerifyCheckLockTimeVerify
	mostBlockFlags  = leastBlockFlags | txscript.ScriptVerifyCheckSequenceVerify | txscript.ScriptVerifySHA256 | txscript.ScriptVerifyTreasury
)

// Reasons why a block is invalid.
var (
	errSpentTwice = errors.New("it spends an output that a transaction before it spends")
	errMinedTwice = errors.New("a block before it holds it too")
	errInflates   = errors.New("it pays more than it spends")
)

// errAhead means that the books hold a transaction above the blocks of an update that
// contradicts one in these: the chain was left somewhere between.
var errAhead = errors.New("the books are of another branch")

// validate checks a transaction of a block by all rules that the wallet can judge: that
// it is not mined twice, and that the inputs that spend the wallet's outputs are the only
// ones to do so, are signed, and are worth what it pays if they are all. What is in
// the books at the same place was checked before. Again says that a disapproved block holds it
// too. The error is a [*consensus.InvalidBlock],
// errAhead, or one of the file.
func (a *application) validate(s *snapshot, m *mined, e *effects) (again bool, err error) {
	if kindAt(m.place, m.tx) == Coinbase {
		return false, nil
	}
	places, err := placesOf(a.tx, &m.hash)
	if err != nil {
		return false, err
	}
	for _, p := range places {
		switch {
		case p == m.place:
		case void(a.tx, p):
			again = true
		default:
			if _, err := provenAt(a.tx, p, m.hash); err != nil {
				return false, err
			}
			return false, a.invalid(m, p, errMinedTwice)
		}
	}
	var in dcrutil.Amount
	known := 0
	for _, sp := range e.spends {
		c, ok, err := getCredit(a.tx, sp.prev)
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		in, known = in+c.amount, known+1
		if err := a.validateSpend(s, m, sp, c); err != nil {
			return false, err
		}
	}
	var out dcrutil.Amount
	for _, o := range m.tx.TxOut {
		out += dcrutil.Amount(o.Value)
	}
	if kindAt(m.place, m.tx) == Regular && known == len(m.tx.TxIn) && out > in {
		return false, &consensus.InvalidBlock{Block: m.id(), Tx: m.hash, Reason: fmt.Errorf("%w: %v for %v", errInflates, out, in)}
	}
	return again, nil
}

// validateSpend checks an input that spends an output of the wallet.
func (a *application) validateSpend(s *snapshot, m *mined, sp spent, c credit) error {
	prev, err := provenAt(a.tx, c.place, sp.prev.Hash)
	if err != nil {
		return err
	}
	if int(sp.prev.Index) >= len(prev.tx.TxOut) || c.source != FromTicket && int64(c.amount) != prev.tx.TxOut[sp.prev.Index].Value {
		return fmt.Errorf("output %s: %w", sp.prev, ErrCorrupt)
	}
	by, spent, err := getSpender(a.tx, sp.prev)
	switch {
	case err != nil:
		return err
	case spent && by.place == m.place:
		return nil
	case spent:
		if err := a.spends(by, sp.prev); err != nil {
			return err
		}
		return a.invalid(m, by.place, fmt.Errorf("input %d: %w", sp.input, errSpentTwice))
	}
	if c.source == FromTicket {
		if _, ours := voter(prev.tx, a.w.ownerAt(s, c.place.Height)); !ours {
			return nil
		}
	}
	if automatic(m.tx) {
		return nil
	}
	out := prev.tx.TxOut[sp.prev.Index]
	if err := execute(m.tx, sp.input, out, leastBlockFlags); err == nil {
		return nil
	}
	if err := execute(m.tx, sp.input, out, mostBlockFlags); err != nil {
		return &consensus.InvalidBlock{Block: m.id(), Tx: m.hash, Reason: fmt.Errorf("input %d: %w", sp.input, err)}
	}
	return nil
}

// provenAt returns the transaction of a hash at a place of the books. A block is found invalid
// by it: so its hash is computed, and damage to the file condemns no block.
func provenAt(tx *bolt.Tx, p Place, hash chainhash.Hash) (*mined, error) {
	m, err := getMined(tx, p)
	if err != nil || m == nil || m.tx.TxHash() != hash {
		return nil, fmt.Errorf("transaction %s: %w", hash, orCorrupt(err))
	}
	return m, nil
}

// spends checks that the transaction that the books name as the spender of an output spends
// it. The error is ErrCorrupt.
func (a *application) spends(by spender, prev wire.OutPoint) error {
	m, err := getMined(a.tx, by.place)
	if err == nil && m != nil && int(by.input) < len(m.tx.TxIn) && m.tx.TxHash() == m.hash {
		if in := m.tx.TxIn[by.input].PreviousOutPoint; in.Hash == prev.Hash && in.Index == prev.Index {
			return nil
		}
	}
	return fmt.Errorf("spender of %s: %w", prev, orCorrupt(err))
}

// automatic reports whether a transaction is a revocation that nodes make by themselves:
// it carries no signature, and none is asked for (DCP0009). Its outputs are what the ticket
// has promised.
func automatic(tx *wire.MsgTx) bool {
	return tx.Version >= stake.TxVersionAutoRevocations && stake.IsSSRtx(tx)
}

// execute runs the scripts of an input.
func execute(tx *wire.MsgTx, input uint32, out *wire.TxOut, flags txscript.ScriptFlags) error {
	engine, err := txscript.NewEngine(out.PkScript, tx, int(input), flags, out.Version, nil)
	if err != nil {
		return err
	}
	return engine.Execute()
}

// invalid returns why of two transactions, in blocks of one chain, the block of the later
// one is invalid. If the other one is above the blocks that are searched again, it may
// be on a branch that was left, and nothing is proven.
func (a *application) invalid(m *mined, other Place, why error) error {
	if other.Height > m.place.Height {
		return errAhead
	}
	return &consensus.InvalidBlock{Block: m.id(), Tx: m.hash, Reason: why}
}

// id returns the block of a transaction.
func (m *mined) id() consensus.BlockID {
	return consensus.BlockID{Height: m.place.Height, Hash: chainhash.Hash(m.block)}
}
