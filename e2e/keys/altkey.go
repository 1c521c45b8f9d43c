package keys

import (
	"crypto/ed25519"
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

// AltKey is a private key of any signature type, and one of the two ways to pay
// to it: naming its public key, or the hash of that.
type AltKey struct {
	priv []byte
	kind dcrec.SignatureType
	bare bool // the public key is named
	addr stdaddr.Address
}

// NewAltKeys returns both ways to pay to a key that follows from a name: the bare
// one first.
func NewAltKeys(name string, kind dcrec.SignatureType) (bare, hashed *AltKey, err error) {
	priv := chainhash.HashB([]byte(name))
	params := chaincfg.SimNetParams()
	var addr interface {
		stdaddr.Address
		stdaddr.AddressPubKeyHasher
	}
	switch kind {
	case dcrec.STEcdsaSecp256k1:
		addr, err = stdaddr.NewAddressPubKeyEcdsaSecp256k1V0Raw(publicKey(priv), params)
	case dcrec.STEd25519:
		priv = ed25519.NewKeyFromSeed(priv) // with the public key behind it
		addr, err = stdaddr.NewAddressPubKeyEd25519V0Raw(priv[ed25519.SeedSize:], params)
	case dcrec.STSchnorrSecp256k1:
		addr, err = stdaddr.NewAddressPubKeySchnorrSecp256k1V0Raw(publicKey(priv), params)
	default:
		err = fmt.Errorf("signature type %d is unknown", kind)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("key %s: %w", name, err)
	}
	return &AltKey{priv, kind, true, addr}, &AltKey{priv, kind, false, addr.AddressPubKeyHash()}, nil
}

// publicKey returns the compressed public key of a private key.
func publicKey(priv []byte) []byte {
	return secp256k1.PrivKeyFromBytes(priv).PubKey().SerializeCompressed()
}

// Address returns the address.
func (k *AltKey) Address() string { return k.addr.String() }

// Script returns the script of a payment to the address.
func (k *AltKey) Script() []byte { return second(k.addr.PaymentScript()) }

func (k *AltKey) sign(tx *wire.MsgTx, input int, script []byte) ([]byte, error) {
	if !k.bare {
		return sign.SignatureScript(tx, input, script, txscript.SigHashAll, k.priv, k.kind, true)
	}
	sig, err := sign.RawTxInSignature(tx, input, script, txscript.SigHashAll, k.priv, k.kind)
	if err != nil {
		return nil, err
	}
	return txscript.NewScriptBuilder().AddData(sig).Script()
}
