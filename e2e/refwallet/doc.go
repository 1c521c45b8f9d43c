// Package refwallet builds and runs the reference wallet, dcrwallet, as a judge of what
// spvd answers: it is given the extended public key that spvd watches, follows the same
// full node, and is asked the same questions. In SPV mode it is a client of what spvd serves.
//
// A Wallet is a process that has ended after Stop or Kill; the package leaves no goroutine
// behind. Read refwallet.go.
package refwallet
