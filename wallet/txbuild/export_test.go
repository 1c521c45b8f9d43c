package txbuild

import "github.com/decred/dcrd/dcrutil/v4"

// FeeAt is feeAt for tests outside the package.
func FeeAt(rate dcrutil.Amount, size int) dcrutil.Amount { return feeAt(rate, size) }

// SigScriptSize is sigScriptSize for tests outside the package.
func SigScriptSize(pkScript, redeem []byte) (size, signatures int, err error) {
	return sigScriptSize(pkScript, redeem)
}
