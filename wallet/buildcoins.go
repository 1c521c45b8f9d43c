package wallet

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
	"github.com/spvd/spvd/wallet/txbuild"
)

// findCoins fills in the coins to choose from.
func (b *building) findCoins(ctx context.Context) error {
	if len(b.Coins) > 0 {
		return b.findGiven()
	}
	if b.Account != "" && b.Account != ImportedName {
		if _, err := b.s.Named(b.Account); err != nil {
			return err
		}
	}
	f := OutputFilter{MinConf: b.MinConf, Account: b.Account, Usable: true}
	_, err := b.unspentMined(ctx, &f, func(o *Output) bool {
		b.coins = append(b.coins, *o)
		if len(b.coins) >= 2*buildCoins {
			b.more += len(b.coins) - buildCoins
			slices.SortFunc(b.coins, func(x, y Output) int { return cmp.Compare(y.Amount, x.Amount) })
			b.coins = b.coins[:buildCoins]
		}
		return true
	})
	if err == nil && b.MinConf <= 0 {
		b.coins = append(b.coins, b.unspentUnmined(&f)...)
	}
	return err
}

// findGiven fills in the coins that the request names.
func (b *building) findGiven() error {
	for _, op := range b.Coins {
		o, ok, err := b.find(op)
		switch {
		case err != nil:
			return err
		case !ok:
			return fmt.Errorf("coin %s: %w", op, b.whyNone(txn.Bare(op)))
		case o.Source == FromTicket:
			return fmt.Errorf("coin %s: %w: only a vote or a revocation spends a ticket", op, txbuild.ErrScript)
		case !o.Mature:
			return fmt.Errorf("coin %s: %w", op, ErrImmature)
		case o.Locked:
			return fmt.Errorf("coin %s: %w", op, ErrLocked)
		}
		b.coins = append(b.coins, o)
	}
	return nil
}

// describe fills in the result.
func (b *building) describe(r *txbuild.Result) error {
	b.built = &Built{Tx: r.Tx, Fee: r.Fee, Size: r.Size, Change: r.Change, Tip: b.s.Tip, Idle: r.Idle, Unknown: r.Unknown}
	if b.Sweep != "" {
		b.built.Change = -1 // it is what was asked for
		b.built.Left = r.Left + b.more
	}
	outputs := make(map[wire.OutPoint]*Output, len(b.coins))
	for i := range b.coins {
		outputs[txn.Bare(b.coins[i].OutPoint)] = &b.coins[i]
	}
	keys := keyFinder{b.query, make(map[[2]uint32]*hdkeychain.ExtendedKey)}
	for i := range r.Coins {
		in := BuiltInput{Output: *outputs[txn.Bare(r.Coins[i].OutPoint)]}
		var err error
		if in.Keys, err = keys.of(&in.Output); err != nil {
			return err
		}
		if in.Previous, err = b.previous(in.OutPoint); err != nil {
			return err
		}
		b.built.Inputs = append(b.built.Inputs, in)
	}
	return nil
}

// previous returns the transaction of an output of the wallet.
func (q *query) previous(op wire.OutPoint) (*wire.MsgTx, error) {
	if u := q.pool.ByHash[op.Hash]; u != nil {
		return u.Tx, nil
	}
	c, ok, err := ledger.GetCredit(q.tx, txn.Bare(op))
	if err != nil || !ok {
		return nil, cmp.Or(err, ErrCorrupt)
	}
	m, err := ledger.GetMined(q.tx, c.Place)
	if err != nil || m == nil {
		return nil, fmt.Errorf("transaction %s: %w", op.Hash, cmp.Or(err, ErrCorrupt))
	}
	return m.Tx, nil
}

// keyFinder finds the keys of the wallet that sign for outputs. It keeps the keys of
// branches, by account number and branch.
type keyFinder struct {
	*query
	branches map[[2]uint32]*hdkeychain.ExtendedKey
}

// of returns the keys that sign for an output.
func (f keyFinder) of(o *Output) ([]KeyPath, error) {
	script := txn.Untag(o.PkScript)
	if o.RedeemScript != nil {
		script = o.RedeemScript
	}
	var scripts [][]byte
	switch stdscript.DetermineScriptTypeV0(script) {
	case stdscript.STPubKeyHashEcdsaSecp256k1:
		scripts = [][]byte{script}
	case stdscript.STPubKeyEcdsaSecp256k1:
		scripts = [][]byte{payToKey(stdscript.ExtractPubKeyV0(script))}
	case stdscript.STMultiSig:
		for _, key := range stdscript.ExtractMultiSigScriptDetailsV0(script, true).PubKeys {
			scripts = append(scripts, payToKey(key))
		}
	}
	var paths []KeyPath
	for _, script := range scripts {
		n, ok := f.w.store.Owner(f.s)(script)
		if !ok || f.s.Scripts[n].Account == ImportedAccount {
			continue
		}
		path, err := f.path(&f.s.Scripts[n])
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// payToKey returns the payment script of the hash of a public key.
func payToKey(key []byte) []byte {
	script := append([]byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}, stdaddr.Hash160(key)...)
	return append(script, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

// path returns how to derive the key of a script of an account.
func (f keyFinder) path(sc *state.Script) (KeyPath, error) {
	a := &f.s.Accounts[sc.Account]
	index, err := accountIndex(a)
	if err != nil {
		return KeyPath{}, err
	}
	id := [2]uint32{a.Number, sc.Branch}
	if f.branches[id] == nil {
		key, err := hd.BranchKey(f.w.cfg.Params.ChainParams, a.Xpub, sc.Branch)
		if err != nil {
			return KeyPath{}, err
		}
		f.branches[id] = key
	}
	child, err := f.branches[id].Child(sc.Index)
	if err != nil {
		return KeyPath{}, fmt.Errorf("derive key %d: %w", sc.Index, err)
	}
	return KeyPath{Account: a.Name, AccountIndex: index, Branch: sc.Branch, Index: sc.Index, PublicKey: child.SerializedPubKey()}, nil
}

// accountIndex returns the hardened index of an account in the wallet that its key is of.
func accountIndex(a *state.Account) (uint32, error) {
	key, _, err := hd.DecodeExtended(a.Xpub)
	if err != nil {
		return 0, fmt.Errorf("key of account %q: %w", a.Name, cmp.Or(err, ErrCorrupt))
	}
	return key.ChildNum() - hdkeychain.HardenedKeyStart, nil
}
