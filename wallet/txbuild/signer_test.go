package txbuild_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/txbuild"
)

// signer has keys and coins, and signs with dcrd's package sign. It implements sign.KeyDB and
// sign.ScriptDB.
type signer struct {
	rng     *rand.Rand
	serial  uint64
	keys    map[string][]byte // private keys by address
	scripts map[string][]byte // redeem scripts by address
	coins   map[wire.OutPoint]*wire.TxOut
}

func newSigner(seed uint64) *signer {
	return &signer{rng: newRand(seed), serial: seed << 32, keys: make(map[string][]byte), scripts: make(map[string][]byte),
		coins: make(map[wire.OutPoint]*wire.TxOut)}
}

// GetKey implements sign.KeyDB.
func (s *signer) GetKey(addr stdaddr.Address) ([]byte, dcrec.SignatureType, bool, error) {
	if hasher, ok := addr.(stdaddr.AddressPubKeyHasher); ok {
		addr = hasher.AddressPubKeyHash()
	}
	key := s.keys[addr.String()]
	if key == nil {
		return nil, 0, false, errors.New("no such key")
	}
	return key, dcrec.STEcdsaSecp256k1, true, nil
}

// GetScript implements sign.ScriptDB.
func (s *signer) GetScript(addr stdaddr.Address) ([]byte, error) {
	return s.scripts[addr.String()], nil
}

// sign signs every input.
func (s *signer) sign(t *testing.T, tx *wire.MsgTx) {
	t.Helper()
	for i, in := range tx.TxIn {
		script, err := sign.SignTxOutput(chaincfg.SimNetParams(), tx, i, s.coins[in.PreviousOutPoint].PkScript,
			txscript.SigHashAll, s, s, nil, true)
		if err != nil {
			t.Fatalf("sign input %d: %v", i, err)
		}
		in.SignatureScript = script
	}
}

func (s *signer) previous(op wire.OutPoint) *wire.TxOut { return s.coins[op] }

// pubKey returns a new public key.
func (s *signer) pubKey() []byte {
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(s.rng.Uint32())
	}
	key := secp256k1.PrivKeyFromBytes(raw)
	pub := key.PubKey().SerializeCompressed()
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(pub), chaincfg.SimNetParams())
	if err != nil {
		panic(err)
	}
	s.keys[addr.String()] = key.Serialize()
	return pub
}

// keyHash returns the script of a new key's hash.
func (s *signer) keyHash() []byte {
	script := []byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}
	script = append(script, stdaddr.Hash160(s.pubKey())...)
	return append(script, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

// key returns the script of a new key.
func (s *signer) key() []byte {
	return append(append([]byte{txscript.OP_DATA_33}, s.pubKey()...), txscript.OP_CHECKSIG)
}

// multisig returns a script of several new keys.
func (s *signer) multisig(most int) []byte {
	keys := make([][]byte, s.rng.IntN(most)+1)
	for i := range keys {
		keys[i] = s.pubKey()
	}
	script, err := stdscript.MultiSigScriptV0(s.rng.IntN(len(keys))+1, keys...)
	if err != nil {
		panic(err)
	}
	return script
}

// hashed returns the script of a redeem script's hash.
func (s *signer) hashed(redeem []byte) []byte {
	addr, err := stdaddr.NewAddressScriptHashV0(redeem, chaincfg.SimNetParams())
	if err != nil {
		panic(err)
	}
	s.scripts[addr.String()] = redeem
	_, script := addr.PaymentScript()
	return script
}

// destination returns a script to pay to.
func (s *signer) destination() []byte {
	switch s.rng.IntN(6) {
	case 0:
		return s.hashed(s.multisig(3))
	case 1:
		return s.key()
	case 2:
		return s.multisig(3)
	}
	return s.keyHash()
}

// coin returns a new coin of any kind, rarely one that cannot be spent.
func (s *signer) coin() txbuild.Coin {
	c := txbuild.Coin{OutPoint: s.outpoint(), PkScript: s.keyHash()}
	switch s.rng.IntN(16) {
	case 0, 1:
		c.RedeemScript = s.multisig(15)
		c.PkScript = s.hashed(c.RedeemScript)
	case 2:
		c.RedeemScript = s.keyHash()
		c.PkScript = s.hashed(c.RedeemScript)
	case 3:
		c.RedeemScript = s.key()
		c.PkScript = s.hashed(c.RedeemScript)
	case 4:
		c.PkScript = s.key()
	case 5:
		c.PkScript = s.multisig(3)
	case 6:
		c.RedeemScript = s.multisig(3)
		c.PkScript = s.tagged(s.hashed(c.RedeemScript))
		c.OutPoint.Tree = wire.TxTreeStake
	case 7, 8:
		c.PkScript = s.tagged(c.PkScript)
		c.OutPoint.Tree = wire.TxTreeStake
	case 9:
		c.PkScript = s.hashed(s.multisig(3)) // whose redeem script is not given
	case 10:
		c.PkScript = append([]byte{txscript.OP_SSTX}, c.PkScript...) // a ticket
	}
	c.Amount = dcrutil.Amount(s.rng.Int64N([]int64{3000, 100_000, 1e8, 1e12}[s.rng.IntN(4)]))
	s.coins[c.OutPoint] = &wire.TxOut{Value: int64(c.Amount), PkScript: c.PkScript}
	return c
}

// tagged puts a stake tag, not that of a ticket, before a script.
func (s *signer) tagged(script []byte) []byte {
	tags := []byte{txscript.OP_SSGEN, txscript.OP_SSRTX, txscript.OP_SSTXCHANGE, txscript.OP_TGEN}
	return append([]byte{tags[s.rng.IntN(len(tags))]}, script...)
}
