// Package view translates the results of the syncer, the pool and the wallets into the values
// that clients see, package api. Every function is pure: the same value, the same result.
//
// Read sync.go first, then peers.go and wallet.go.
package view
