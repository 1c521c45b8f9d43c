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
	signers map[string]signer // by the payment scripts that they open
}

// signer opens a script.
type signer interface {
	Script() []byte

	// sign returns the signature script of an input that spends an output with a
	// script, which may be tagged.
	sign(tx *wire.MsgTx, input int, script []byte) ([]byte, error)
}

// NewRing returns a ring without keys.
func NewRing() *Ring { return &Ring{signers: make(map[string]signer)} }

// Add adds keys: a Key, an AltKey, a Pair or a BarePair.
func (r *Ring) Add(list ...signer) {
	for _, k := range list {
		r.signers[string(k.Script())] = k
	}
}

// Sign fills in the signature of an input that spends an output with a script.
func (r *Ring) Sign(tx *wire.MsgTx, input int, script []byte) error {
	k := r.signers[string(untagged(script))]
	if k == nil {
		return fmt.Errorf("sign input %d: no key to %x", input, script)
	}
	sig, err := k.sign(tx, input, script)
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

// Bare returns the same script for outputs that have it themselves. It has no
// address, for two keys are named.
func (p *Pair) Bare() *BarePair { return &BarePair{p} }

// BarePair is a script that takes the signatures of two keys, in full.
type BarePair struct{ pair *Pair }

// Script returns the script.
func (b *BarePair) Script() []byte { return b.pair.redeem }

func (b *BarePair) sign(tx *wire.MsgTx, input int, _ []byte) ([]byte, error) {
	sigs, err := b.pair.signatures(tx, input)
	if err != nil {
		return nil, err
	}
	return sigs.Script()
}

// sign puts the redeem script behind the signatures: the script that is spent only
// names its hash.
func (p *Pair) sign(tx *wire.MsgTx, input int, _ []byte) ([]byte, error) {
	sigs, err := p.signatures(tx, input)
	if err != nil {
		return nil, err
	}
	return sigs.AddData(p.redeem).Script()
}

// signatures returns a script with both signatures of an input.
func (p *Pair) signatures(tx *wire.MsgTx, input int) (*txscript.ScriptBuilder, error) {
	b := txscript.NewScriptBuilder()
	for _, k := range p.keys {
		sig, err := sign.RawTxInSignature(tx, input, p.redeem, txscript.SigHashAll,
			k.Priv, dcrec.STEcdsaSecp256k1)
		if err != nil {
			return nil, err
		}
		b.AddData(sig)
	}
	return b, nil
}
