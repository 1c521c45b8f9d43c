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

// purse holds the key of all miners and the scripts that pay to it, and keys of
// others that miners vote with.
type purse struct {
	params *chaincfg.Params
	priv   []byte
	addr   *stdaddr.AddressPubKeyHashEcdsaSecp256k1V0
	voters map[string][]byte // private keys by the scripts of their tickets

	pay    []byte // ordinary outputs
	voting []byte // ticket outputs
	change []byte // change outputs of tickets
	reward []byte // vote outputs
}

// openPurse derives the key and its scripts. The other keys are private ones.
func openPurse(params *chaincfg.Params, others ...[]byte) (*purse, error) {
	priv := chainhash.HashB([]byte(keySeed))
	addr, err := addressOf(priv, params)
	if err != nil {
		return nil, fmt.Errorf("derive the miners' address: %w", err)
	}
	p := &purse{params: params, priv: priv, addr: addr, voters: make(map[string][]byte)}
	_, p.pay = addr.PaymentScript()
	_, p.voting = addr.VotingRightsScript()
	_, p.change = addr.StakeChangeScript()
	_, p.reward = addr.PayVoteCommitmentScript()
	p.voters[string(p.voting)] = priv
	for _, other := range others {
		addr, err := addressOf(other, params)
		if err != nil {
			return nil, fmt.Errorf("derive the address of a voter: %w", err)
		}
		_, script := addr.VotingRightsScript()
		p.voters[string(script)] = other
	}
	return p, nil
}

// addressOf returns the address of a private key.
func addressOf(priv []byte, params *chaincfg.Params) (*stdaddr.AddressPubKeyHashEcdsaSecp256k1V0, error) {
	pub := secp256k1.PrivKeyFromBytes(priv).PubKey().SerializeCompressed()
	return stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(pub), params)
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
	priv := p.priv
	if voter := p.voters[string(script)]; voter != nil {
		priv = voter
	}
	sig, err := sign.SignatureScript(tx, input, script, txscript.SigHashAll, priv, dcrec.STEcdsaSecp256k1, true)
	if err != nil {
		return fmt.Errorf("sign input %d: %w", input, err)
	}
	tx.TxIn[input].SignatureScript = sig
	return nil
}
