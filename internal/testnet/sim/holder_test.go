package sim_test

import (
	"sync"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"
)

// The gap limit of all accounts, and how many addresses of a branch there are: more
// than a world lives to see.
const (
	gap       = 20
	addresses = 150
)

// holder is a user with an account.
type holder struct {
	name    string
	xpub    string
	scripts [2][][]byte // by branch and index
	spots   map[string]spot
	keys    map[string][]byte // private ones, by script
}

// spot is where a script is among those of its holder.
type spot struct{ branch, index int }

// holders returns everybody.
var holders = sync.OnceValue(func() []*holder {
	var all []*holder
	for _, name := range []string{"ada", "bob", "cleo", "dan"} {
		h, err := newHolder(name)
		if err != nil {
			panic(err)
		}
		all = append(all, h)
	}
	return all
})

// newHolder returns the holder of an account that follows from a name.
func newHolder(name string) (*holder, error) {
	params := chaincfg.SimNetParams()
	key, err := hdkeychain.NewMaster(chainhash.HashB([]byte(name)), params)
	if err != nil {
		return nil, err
	}
	const hardened = hdkeychain.HardenedKeyStart
	for _, index := range []uint32{44 + hardened, params.SLIP0044CoinType + hardened, hardened} {
		if key, err = key.Child(index); err != nil {
			return nil, err
		}
	}
	h := &holder{name: name, xpub: key.Neuter().String(), spots: make(map[string]spot), keys: make(map[string][]byte)}
	for branch := range h.scripts {
		child, err := key.Child(uint32(branch))
		if err != nil {
			return nil, err
		}
		for index := range addresses {
			script, err := scriptOf(child, index)
			if err != nil {
				return nil, err
			}
			h.scripts[branch] = append(h.scripts[branch], script)
			h.spots[string(script)] = spot{branch, index}
			private, err := child.Child(uint32(index))
			if err != nil {
				return nil, err
			}
			if h.keys[string(script)], err = private.SerializedPrivKey(); err != nil {
				return nil, err
			}
		}
	}
	return h, nil
}

// scriptOf returns the script that pays to a child of a key.
func scriptOf(key *hdkeychain.ExtendedKey, index int) ([]byte, error) {
	child, err := key.Child(uint32(index))
	if err != nil {
		return nil, err
	}
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(child.SerializedPubKey()), chaincfg.SimNetParams())
	if err != nil {
		return nil, err
	}
	_, script := addr.PaymentScript()
	return script, nil
}

// signed signs the inputs of a transaction that spend scripts of holders.
func signed(tx *wire.MsgTx, tape *tape) {
	for i, in := range tx.TxIn {
		n := tape.coins[bare(in.PreviousOutPoint)]
		if n == nil {
			continue
		}
		for _, h := range holders() {
			key := h.keys[string(untagged(n.script))]
			if key == nil {
				continue
			}
			sig, err := sign.SignatureScript(tx, i, n.script, txscript.SigHashAll, key, dcrec.STEcdsaSecp256k1, true)
			if err != nil {
				panic(err)
			}
			in.SignatureScript = sig
		}
	}
}
