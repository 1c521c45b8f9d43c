// Package seedwallet makes wallets from seeds, runs them on the adapter or on the wallet's
// own package spv, and summarises what they hold, so that tests can compare the two.
//
// The package starts goroutines only in Run, which waits for them. Read wallet.go,
// backend.go and summary.go.
package seedwallet
