// Package seedwallet builds and runs the program seedwallet of the module adapter/dcrwallet:
// the reference wallet from a seed, on spvd's engine or on its own package spv.
//
// A Wallet is a process that has ended after Stop or Kill; the package leaves no goroutine
// behind. Read seedwallet.go.
package seedwallet
