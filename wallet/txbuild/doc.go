// Package txbuild builds unsigned regular transactions: it chooses coins, computes the size
// of the signed transaction and its fee, adds change, and refuses what consensus or the
// mempools of nodes would refuse. It also verifies the signatures of a transaction. It is
// pure: no database, clock, network or randomness is in it, and no private key is ever
// given to it.
//
// # What it guarantees
//
//   - A transaction that Build returns, once it is rightly signed, is sane by consensus and
//     standard for dcrd's mempool with its default policy: in size, signature operations,
//     output scripts and amounts.
//   - The size is that of the largest signatures, so that the fee rate is never below the
//     requested one; the fee is never above that of Request.MaxFeeRate.
//   - The sum of the inputs is exactly the sum of the outputs and the fee.
//   - The same request has the same result.
//
// # Reading the source
//
// limits.go has the rules of nodes, size.go the sizes of inputs, outputs.go what may be paid,
// build.go the request and the result, pick.go chooses coins. verify.go verifies signatures.
package txbuild
