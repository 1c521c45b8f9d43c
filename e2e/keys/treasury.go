package keys

import (
	"encoding/hex"
	"fmt"

	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/wire"
)

// treasuryKey is one of the keys that may spend from the treasury of simnet. It
// guards nothing: dcrd publishes it beside the network's parameters.
const treasuryKey = "62deae1ab2b1ebd96a28c80e870aee325bed359e83d8db2464ef999e616a9eef"

// SignTreasurySpend fills in the signature of a treasury spend.
func SignTreasurySpend(tx *wire.MsgTx) error {
	priv, err := hex.DecodeString(treasuryKey)
	if err != nil {
		return err
	}
	if tx.TxIn[0].SignatureScript, err = sign.TSpendSignatureScript(tx, priv); err != nil {
		return fmt.Errorf("sign treasury spend: %w", err)
	}
	return nil
}
