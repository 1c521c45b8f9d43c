package wallet

import (
	"slices"
	"sync"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// testKeys returns the private keys of the payment scripts of the first addresses of
// the test seeds.
var testKeys = sync.OnceValue(func() map[string][]byte {
	keys := make(map[string][]byte)
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	for seed := byte(1); seed <= 3; seed++ {
		raw := make([]byte, 32)
		raw[0] = seed
		account, err := hdkeychain.NewMaster(raw, consensus.SimNet().ChainParams)
		must(err)
		for _, i := range []uint32{44, 1, 0} {
			account, err = account.Child(hdkeychain.HardenedKeyStart + i)
			must(err)
		}
		for branch := range uint32(2) {
			key, err := account.Child(branch)
			must(err)
			for i := range uint32(70) {
				child, err := key.Child(i)
				must(err)
				priv, err := child.SerializedPrivKey()
				must(err)
				keys[string(keyHashScript(stdaddr.Hash160(child.SerializedPubKey())))] = priv
			}
		}
	}
	return keys
})

// sign signs the inputs of transactions that spend outputs of the test seeds, unless
// they have signatures.
func (w *world) sign(txs ...*wire.MsgTx) {
	w.t.Helper()
	for _, tx := range txs {
		for i, in := range tx.TxIn {
			_, script, ok := w.PrevScript(&in.PreviousOutPoint)
			if !ok || len(in.SignatureScript) > 0 || in.PreviousOutPoint.Hash == (chainhash.Hash{}) {
				continue
			}
			priv := testKeys()[string(untag(script))]
			if priv == nil {
				continue
			}
			sig, err := sign.SignatureScript(tx, i, script, txscript.SigHashAll, priv, dcrec.STEcdsaSecp256k1, true)
			if err != nil {
				w.t.Fatal(err)
			}
			in.SignatureScript = slices.Clone(sig)
		}
	}
}
