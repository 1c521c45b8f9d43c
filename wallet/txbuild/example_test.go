package txbuild_test

import (
	"bytes"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/txbuild"
)

// A transaction is built where the coins are known, signed where the key is, and verified
// before it is sent.
func Example() {
	key := secp256k1.PrivKeyFromBytes(bytes.Repeat([]byte{7}, 32)) // of the signer alone
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(key.PubKey().SerializeCompressed()), chaincfg.SimNetParams())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, mine := addr.PaymentScript()
	coin := txbuild.Coin{OutPoint: wire.OutPoint{Hash: chainhash.HashH([]byte("paid")), Index: 0}, Amount: 2e8, PkScript: mine}

	result, err := txbuild.Build(&txbuild.Request{
		Outputs: []*wire.TxOut{wire.NewTxOut(5e7, mine)},
		Coins:   []txbuild.Coin{coin},
		Change:  mine,
		FeeRate: txbuild.RelayFee, MaxFeeRate: 10 * txbuild.RelayFee,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("pays a fee of", result.Fee, "for at most", result.Size, "bytes")

	known := func(wire.OutPoint) *wire.TxOut { return wire.NewTxOut(int64(coin.Amount), coin.PkScript) }
	fmt.Println("before:", txbuild.Verify(result.Tx, known))
	result.Tx.TxIn[0].SignatureScript, err = sign.SignatureScript(result.Tx, 0, mine, txscript.SigHashAll, key.Serialize(), dcrec.STEcdsaSecp256k1, true)
	fmt.Println("after:", txbuild.Verify(result.Tx, known), err)
	// Output:
	// pays a fee of 0.0000253 DCR for at most 253 bytes
	// before: [not signed]
	// after: [<nil>] <nil>
}
