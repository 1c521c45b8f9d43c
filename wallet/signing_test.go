package wallet

import (
	"slices"
	"sync"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// testKeys returns the private keys of the payment scripts of the first addresses of
// the test seeds.
var testKeys = sync.OnceValue(func() map[string][]byte {
	keys := make(map[string][]byte)
	for seed := byte(1); seed <= 3; seed++ {
		account := testAccount(seed)
		for branch := range uint32(2) {
			key := must(account.Child(branch))
			for i := range uint32(70) {
				child := must(key.Child(i))
				priv := must(child.SerializedPrivKey())
				keys[string(keyHashScript(stdaddr.Hash160(child.SerializedPubKey())))] = priv
			}
		}
	}
	return keys
})

// testAccount returns the extended private key of the account of a test seed.
func testAccount(seed byte) *hdkeychain.ExtendedKey {
	raw := make([]byte, 32)
	raw[0] = seed
	account := must(hdkeychain.NewMaster(raw, consensus.SimNet().ChainParams))
	for _, i := range []uint32{44, 1, 0} {
		account = must(account.Child(hdkeychain.HardenedKeyStart + i))
	}
	return account
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// sign signs the inputs of transactions that spend outputs of the test seeds and of
// singles, unless they have signatures.
func (w *world) sign(txs ...*wire.MsgTx) {
	w.t.Helper()
	for _, tx := range txs {
		if tx.Version == stake.TxVersionAutoRevocations && tx.TxOut[0].PkScript[0] == txscript.OP_SSRTX {
			continue // nodes make it
		}
		for i, in := range tx.TxIn {
			_, script, ok := w.PrevScript(&in.PreviousOutPoint)
			if !ok || len(in.SignatureScript) > 0 || in.PreviousOutPoint.Hash == (chainhash.Hash{}) {
				continue
			}
			in.SignatureScript = w.signature(tx, i, script, txscript.SigHashAll)
		}
	}
}

// signature returns the signature script of an input, or nil for scripts of others.
func (w *world) signature(tx *wire.MsgTx, input int, script []byte, kind txscript.SigHashType) []byte {
	w.t.Helper()
	pay := string(txn.Untag(script))
	if i := slices.IndexFunc(singles(), func(o one) bool { return o.pays[0] == pay }); i >= 0 {
		o := singles()[i]
		if o.redeem != nil {
			return append([]byte{byte(len(o.redeem))}, o.redeem...)
		}
		sig, err := sign.RawTxInSignature(tx, input, script, kind, testKeys()[o.pays[1]], dcrec.STEcdsaSecp256k1)
		if err != nil {
			w.t.Fatal(err)
		}
		return append([]byte{byte(len(sig))}, sig...)
	}
	priv := testKeys()[pay]
	if priv == nil {
		return nil
	}
	sig, err := sign.SignatureScript(tx, input, script, kind, priv, dcrec.STEcdsaSecp256k1, true)
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.Clone(sig)
}

// testKey returns the public key of an external address of a test seed, and its payment
// script.
func testKey(seed byte, index uint32) (key []byte, pay string) {
	node := testAccount(seed)
	for _, i := range []uint32{hd.External, index} {
		node = must(node.Child(i))
	}
	key = node.SerializedPubKey()
	return key, string(keyHashScript(stdaddr.Hash160(key)))
}
