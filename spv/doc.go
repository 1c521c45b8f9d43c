// Package spv keeps a chain of headers and committed filters, and a wallet, in
// step with the Decred network. It is the engine of spvd and can be embedded in
// any program:
//
//	s, err := spv.New(spv.Config{Params: consensus.MainNet(), ChainFile: path, Peers: pool.Peers(), Wallet: wallets})
//	...
//	group.Go(func() error { return s.Run(ctx) }) // until ctx ends
//	...
//	err = s.Wait(ctx, spv.Synced) // or show what s.Changes(ctx, 0) yields
//
// The example embeds it in a whole front end, with a pool of peers and wallets.
//
// # Goroutines
//
// One goroutine, the one that calls [Syncer.Run], owns the state of the sync
// and is the only writer of the chain store and the wallet. It starts workers
// that wait for peers and do pure work (hashing, proving, matching); a worker
// hands back a result, a closure that only the syncer's goroutine calls. All
// workers have returned before a phase ends, and everything has before Run
// returns; the store is closed last. Transactions of the store are committed by
// a worker too, one at a time, while the syncer goes on. No lock is held across
// network, disk or channel operations. Readers get immutable values.
//
// # What it guarantees
//
// Each property has a test named after it.
//
//  1. The final state is the most-work valid chain of any honest reachable
//     peer, whatever the order of messages, the sizes of batches and the faults
//     of other peers.
//  2. It is the same after any reorganisation on the way.
//  3. It is the same wherever the process was stopped and started again.
//  4. A rescan changes nothing.
//  5. sendheaders never precedes the end of the first sync, and is sent once per
//     connection.
//  6. Nothing is in flight when everything is done.
//  7. Shutdown from every phase is bounded, and leaves no goroutine behind.
//  8. Status never says synced when it is not: without a peer, below a tip that
//     a live peer has shown, or with filters or wallet behind the headers.
//  9. Losing all peers is a state: the sync goes on by itself when they return.
//  10. Unmined transactions change nothing that follows from the chain, and no
//     wallet is given one that a block holds. What is published is offered to
//     one peer first, to more while no other peer echoes it, until it is mined,
//     has expired or is given up, across restarts.
//
// # Reading order
//
// example_test.go uses all of it. ports.go says what the syncer needs (nowallet.go is the wallet
// that watches nothing), config.go and status.go what it takes and gives.
//
// phase.go has the table of the phases, phases.go and opening.go what each does. The last three
// share the loop in loop.go, which owns the parts and asks each in turn: internal/headersync and
// internal/filtersync fetch, internal/rescan takes the wallet along, internal/txrelay is about
// unmined transactions. Each returns values that the loop applies, and none knows another. Their
// jobs run in internal/jobs; internal/blocks fetches blocks for them. writing.go writes what they
// have staged. importing.go and importer.go import snapshots before, see package snapshot.
//
// truth.go says what is true, internal/progress how far it is and how long it will take;
// facts.go gathers what both follow from, display.go shows it, statusboard.go and current.go give
// it to readers. pinned.go, waypoints.go, versions.go, early.go and votereport.go say what stands
// against the chain, notices.go what other services report. publish.go, reads.go and fees.go are
// the other calls of users.
package spv
