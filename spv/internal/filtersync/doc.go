// Package filtersync fetches the committed filters of the main chain from all peers, proves them
// and adds them to the chain in the order of heights.
//
// A [Sync] belongs to the goroutine of the syncer. Fetch requests what is due, once per turn of
// the loop; jobs wait for peers and prove what they send; Apply adds one batch that has arrived
// to the chain, when the loop has room for it. Found returns the results of the proof of the
// early filters.
//
// The filters below the activation of DCP0005, here called early, are proven only all together, by
// a known hash. When they do not have it, single peers are asked for the whole set, and the sets
// are compared.
//
// plan.go decides which filters are requested, sync.go does it. sets.go decides about early
// filters, ledger.go records which peer has served which of them, exam.go asks single peers.
// late.go proves replies that arrived late.
package filtersync
