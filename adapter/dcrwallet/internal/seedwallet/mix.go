package seedwallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/crypto/blake256"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/mixing"
	"github.com/decred/dcrd/mixing/utxoproof"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"
)

// Amounts of a pair request, in atoms.
const (
	mixAmount = 1 << 26 // of the mixed output
	mixFee    = 20_000  // more than nodes demand
)

// PairRequest publishes the first message of a mix, with the n-th of the outputs that the wallet can
// spend and that are large enough, and returns its hash. It goes on with no mix: a mix takes
// four wallets and several minutes.
func (w *Wallet) PairRequest(ctx context.Context, n int) (hash chainhash.Hash, err error) {
	backend, err := w.NetworkBackend()
	if err != nil {
		return hash, err
	}
	pr, err := w.pairRequest(ctx, n)
	if err != nil {
		return hash, err
	}
	if err := w.AcceptMixMessage(pr); err != nil {
		return hash, err
	}
	return pr.Hash(), backend.PublishMixMessages(ctx, pr)
}

// pairRequest returns a signed pair request.
func (w *Wallet) pairRequest(ctx context.Context, n int) (*wire.MsgMixPairReq, error) {
	_, height := w.MainChainTip(ctx)
	expiry := mixing.MaxExpiry(uint32(height), w.ChainParams()) - 2
	utxo, value, err := w.mixInput(ctx, n, expiry)
	if err != nil {
		return nil, err
	}
	change, err := w.Address(ctx, 1, 0)
	if err != nil {
		return nil, err
	}
	_, script := change.PaymentScript()
	identity, err := secp256k1.GeneratePrivateKey()
	if err != nil {
		return nil, err
	}
	pr, err := wire.NewMsgMixPairReq([33]byte(identity.PubKey().SerializeCompressed()), expiry, mixAmount, string(mixing.ScriptClassP2PKHv0),
		1, 0, 1, value, []wire.MixPairReqUTXO{utxo}, wire.NewTxOut(value-mixAmount-mixFee, script), 0, 0)
	if err != nil {
		return nil, err
	}
	if err := mixing.SignMessage(pr, identity); err != nil {
		return nil, err
	}
	pr.WriteHash(blake256.NewHasher256())
	return pr, nil
}

// mixInput returns an output with the proof that the wallet has its key, and its value.
func (w *Wallet) mixInput(ctx context.Context, n int, expiry uint32) (utxo wire.MixPairReqUTXO, value int64, err error) {
	list, err := w.ListUnspent(ctx, 1, 1<<30, nil, "")
	if err != nil {
		return utxo, 0, err
	}
	for _, o := range list {
		amount, err := dcrutil.NewAmount(o.Amount)
		if err != nil {
			return utxo, 0, err
		}
		if !o.Spendable || o.Tree != 0 || amount < 2*mixAmount {
			continue
		}
		if n--; n >= 0 {
			continue
		}
		hash, err := chainhash.NewHashFromStr(o.TxID)
		if err != nil {
			return utxo, 0, err
		}
		key, err := w.privateKey(ctx, o.Address)
		if err != nil {
			return utxo, 0, err
		}
		pair := utxoproof.Secp256k1KeyPair{Pub: key.PubKey().SerializeCompressed(), Priv: key}
		proof, err := pair.SignUtxoProof(expiry)
		utxo = wire.MixPairReqUTXO{OutPoint: wire.OutPoint{Hash: *hash, Index: o.Vout}, PubKey: pair.Pub, Signature: proof}
		return utxo, int64(amount), err
	}
	return utxo, 0, errors.New("no output is large enough")
}

// privateKey returns the key of an address of the wallet.
func (w *Wallet) privateKey(ctx context.Context, address string) (*secp256k1.PrivateKey, error) {
	addr, err := stdaddr.DecodeAddress(address, w.ChainParams())
	if err != nil {
		return nil, err
	}
	text, err := w.DumpWIFPrivateKey(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("key of %s: %w", address, err)
	}
	wif, err := dcrutil.DecodeWIF(text, w.ChainParams().PrivateKeyID)
	if err != nil {
		return nil, err
	}
	return secp256k1.PrivKeyFromBytes(wif.PrivKey()), nil
}

// HasMixMessage reports whether the wallet has a message of mixing.
func (w *Wallet) HasMixMessage(hash chainhash.Hash) bool {
	_, err := w.MixMessage(&hash)
	return err == nil
}
