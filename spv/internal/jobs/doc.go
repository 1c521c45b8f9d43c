// Package jobs runs what waits for a peer or needs a processor beside the one goroutine that
// owns the state of a sync.
//
// A job changes nothing. It hands back a [Result], a closure that the owner's goroutine
// receives and calls, so that state needs no lock. A [Group] joins all its jobs in Stop.
package jobs
