package keys

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"
)

// The branches of an account.
const (
	External = 0
	Internal = 1
)

// purpose is that of BIP0044 accounts.
const purpose = 44

// Account is a BIP0044 account on simnet.
type Account struct {
	key      *hdkeychain.ExtendedKey
	branches [2]*hdkeychain.ExtendedKey
}

// NewAccount returns the first account of a wallet whose seed follows from a name.
// It guards nothing.
func NewAccount(name string) (*Account, error) {
	params := chaincfg.SimNetParams()
	key, err := hdkeychain.NewMaster(chainhash.HashB([]byte(name)), params)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", name, err)
	}
	const hardened = hdkeychain.HardenedKeyStart
	for _, index := range []uint32{purpose + hardened, params.SLIP0044CoinType + hardened, hardened} {
		if key, err = key.Child(index); err != nil {
			return nil, fmt.Errorf("account %s: %w", name, err)
		}
	}
	a := &Account{key: key}
	for i := range a.branches {
		if a.branches[i], err = key.Child(uint32(i)); err != nil {
			return nil, fmt.Errorf("account %s: %w", name, err)
		}
	}
	return a, nil
}

// Xpub returns the extended public key.
func (a *Account) Xpub() string { return a.key.Neuter().String() }

// Key returns the key of an address.
func (a *Account) Key(branch, index uint32) (*Key, error) {
	child, err := a.branches[branch].Child(index)
	if err != nil {
		return nil, fmt.Errorf("key %d/%d: %w", branch, index, err)
	}
	priv, err := child.SerializedPrivKey()
	if err != nil {
		return nil, fmt.Errorf("key %d/%d: %w", branch, index, err)
	}
	return newKey(priv)
}

// Key is a private key and the address of its public key's hash.
type Key struct {
	Payee
	Priv []byte
	Pub  []byte // compressed
}

// NewKey returns a key that follows from a name.
func NewKey(name string) (*Key, error) { return newKey(chainhash.HashB([]byte(name))) }

func newKey(priv []byte) (*Key, error) {
	pub := publicKey(priv)
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(pub), chaincfg.SimNetParams())
	if err != nil {
		return nil, err
	}
	return &Key{Payee: Payee{addr}, Priv: priv, Pub: pub}, nil
}

func (k *Key) sign(tx *wire.MsgTx, input int, script []byte) ([]byte, error) {
	return sign.SignatureScript(tx, input, script, txscript.SigHashAll, k.Priv, dcrec.STEcdsaSecp256k1, true)
}
