package keys

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"
)

// Ring finds the keys to outputs.
type Ring struct {
	keys  map[string]*Key
	pairs map[string]*Pair
}

// NewRing returns a ring without keys.
func NewRing() *Ring { return &Ring{keys: make(map[string]*Key), pairs: make(map[string]*Pair)} }

// Add adds keys.
func (r *Ring) Add(keys ...*Key) {
	for _, k := range keys {
		r.keys[string(k.Script())] = k
	}
}

// AddPair adds a pair of keys.
func (r *Ring) AddPair(p *Pair) { r.pairs[string(p.Script())] = p }

// Sign fills in the signature of an input that spends an output with a script.
func (r *Ring) Sign(tx *wire.MsgTx, input int, script []byte) error {
	pay := untagged(script)
	var sig []byte
	var err error
	switch {
	case r.keys[string(pay)] != nil:
		sig, err = sign.SignatureScript(tx, input, script, txscript.SigHashAll, r.keys[string(pay)].Priv, dcrec.STEcdsaSecp256k1, true)
	case r.pairs[string(pay)] != nil:
		sig, err = r.pairs[string(pay)].sign(tx, input)
	default:
		err = fmt.Errorf("no key to %x", script)
	}
	if err != nil {
		return fmt.Errorf("sign input %d: %w", input, err)
	}
	tx.TxIn[input].SignatureScript = sig
	return nil
}

// untagged returns a script without its stake tag.
func untagged(script []byte) []byte {
	if len(script) > 0 && script[0] >= txscript.OP_SSTX && script[0] <= txscript.OP_TGEN {
		return script[1:]
	}
	return script
}

// Pair is a script that takes the signatures of two keys.
type Pair struct {
	Payee
	keys   [2]*Key
	redeem []byte
}

// NewPair returns the script of two keys.
func NewPair(a, b *Key) (*Pair, error) {
	redeem, err := txscript.NewScriptBuilder().AddOp(txscript.OP_2).
		AddData(a.Pub).AddData(b.Pub).AddOp(txscript.OP_2).AddOp(txscript.OP_CHECKMULTISIG).Script()
	if err != nil {
		return nil, err
	}
	addr, err := stdaddr.NewAddressScriptHashV0(redeem, chaincfg.SimNetParams())
	if err != nil {
		return nil, err
	}
	return &Pair{Payee: Payee{addr}, keys: [2]*Key{a, b}, redeem: redeem}, nil
}

// Redeem returns the script that the address is the hash of.
func (p *Pair) Redeem() []byte { return p.redeem }

// sign returns the signature script of an input that spends an output of the
// pair.
func (p *Pair) sign(tx *wire.MsgTx, input int) ([]byte, error) {
	b := txscript.NewScriptBuilder()
	for _, k := range p.keys {
		sig, err := sign.RawTxInSignature(tx, input, p.redeem, txscript.SigHashAll,
			k.Priv, dcrec.STEcdsaSecp256k1)
		if err != nil {
			return nil, err
		}
		b.AddData(sig)
	}
	return b.AddData(p.redeem).Script()
}
