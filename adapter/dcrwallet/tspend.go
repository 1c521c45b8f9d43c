package dcrwallet

import (
	"context"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/schnorr"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// validTreasurySpend reports whether a transaction is a treasury spend that has not expired
// and that a key of the network has signed (DCP0006): the wallet shows it to its user, who
// votes on it.
func (r *session) validTreasurySpend(ctx context.Context, tx *wire.MsgTx) bool {
	signature, pubKey, err := stake.CheckTSpend(tx)
	if err != nil {
		return false
	}
	_, height := r.wallet.MainChainTip(ctx)
	if uint32(height) > tx.Expiry || !r.wallet.ChainParams().PiKeyExists(pubKey) {
		return false
	}
	hash, err := txscript.CalcSignatureHash(nil, txscript.SigHashAll, tx, 0, nil)
	if err != nil {
		return false
	}
	sig, err := schnorr.ParseSignature(signature)
	if err != nil {
		return false
	}
	key, err := schnorr.ParsePubKey(pubKey)
	return err == nil && sig.Verify(hash, key)
}
