package miner

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"
)

// keySeed is what the miners' key is the hash of. It guards nothing.
const keySeed = "spvd end-to-end tests"

// purse holds the key of all miners and the scripts that pay to it.
type purse struct {
	priv []byte
	addr *stdaddr.AddressPubKeyHashEcdsaSecp256k1V0

	pay    []byte // ordinary outputs
	voting []byte // ticket outputs
	change []byte // change outputs of tickets
	reward []byte // vote outputs
}

// openPurse derives the key and its scripts.
func openPurse(params *chaincfg.Params) (*purse, error) {
	priv := chainhash.HashB([]byte(keySeed))
	pub := secp256k1.PrivKeyFromBytes(priv).PubKey().SerializeCompressed()
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(pub), params)
	if err != nil {
		return nil, fmt.Errorf("derive the miners' address: %w", err)
	}
	p := &purse{priv: priv, addr: addr}
	_, p.pay = addr.PaymentScript()
	_, p.voting = addr.VotingRightsScript()
	_, p.change = addr.StakeChangeScript()
	_, p.reward = addr.PayVoteCommitmentScript()
	return p, nil
}

// Address returns the simnet address that all miners are paid to: the
// MiningAddress of their nodes.
func Address() (string, error) {
	p, err := openPurse(chaincfg.SimNetParams())
	if err != nil {
		return "", err
	}
	return p.addr.String(), nil
}

// sign fills in the signature of one input, which spends an output with the
// given script.
func (p *purse) sign(tx *wire.MsgTx, input int, script []byte) error {
	sig, err := sign.SignatureScript(tx, input, script, txscript.SigHashAll, p.priv, dcrec.STEcdsaSecp256k1, true)
	if err != nil {
		return fmt.Errorf("sign input %d: %w", input, err)
	}
	tx.TxIn[input].SignatureScript = sig
	return nil
}
