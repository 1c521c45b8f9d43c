// Package rescan takes a wallet along the chain: it matches filters against the scripts of the
// wallet, fetches the blocks that match, and gives the wallet one update after the other.
//
// A [Scan] belongs to the goroutine of the syncer. ToTip or Behind start what is due, once per
// turn of the loop; jobs match, fetch, compose updates and apply them; Position says how far the
// wallet is, and Moved when that may have changed. Filters are matched, and blocks fetched, ahead
// of each place where an update may start. The store is only read.
//
// scan.go is the order of the calls, step.go one step from its place to its end, track.go what is
// kept for the places where a step may start. plan.go decides what is matched and fetched, ahead.go
// does both, watchlist.go numbers the scripts.
package rescan
