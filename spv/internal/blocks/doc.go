// Package blocks fetches blocks from peers and compares them with their headers.
//
// A [Fetcher] may be used by any number of goroutines: the scan for a wallet, the search for a
// transaction, and callers of the syncer. It starts none.
package blocks
