package txbuild

import (
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// The policy of dcrd's mempool (internal/mempool/policy.go, server.go), which is no rule of
// consensus: nodes do not relay transactions beyond it.
const (
	// RelayFee is the least fee for 1,000 bytes, in atoms.
	RelayFee dcrutil.Amount = 10_000

	// MaxSize is the largest transaction in bytes. It is below the limit of consensus.
	MaxSize = 100_000

	// maxSigScript is the longest signature script in bytes.
	maxSigScript = 1650

	// maxSigOps is how many signature operations a transaction may have, maxP2SHSigOps
	// how many the redeem script of one input.
	maxSigOps     = 1000
	maxP2SHSigOps = 15

	// maxNullData is how many outputs may hold only data, maxMultiSigKeys how many keys
	// an output script may name.
	maxNullData     = 4
	maxMultiSigKeys = 3
)

// feeAt returns what a transaction of a size in bytes pays at a rate for 1,000 bytes, rounded
// up: never less than a node demands.
func feeAt(rate dcrutil.Amount, size int) dcrutil.Amount {
	return (rate*dcrutil.Amount(size) + 999) / 1000
}

// isDust reports whether nodes refuse an output as worth less than it costs to spend
// (dcrd: isDust).
func isDust(out *wire.TxOut, relayFee dcrutil.Amount) bool {
	if txscript.IsUnspendable(out.Value, out.PkScript) {
		return true
	}
	const spending = 165 // the bytes of an input that spends a pay-to-pubkey-hash output
	size := int64(out.SerializeSize()) + spending
	return out.Value*1000/(3*size) < int64(relayFee)
}
