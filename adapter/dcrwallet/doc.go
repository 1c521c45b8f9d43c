// Package dcrwallet keeps a wallet of decred.org/dcrwallet/v5 in step with the network
// through the engine of spvd. It replaces the package spv of that module: a front end calls
// [New] where it called spv.NewSyncer, and goes on as before.
//
//	syncer := dcrwallet.New(w, dcrwallet.Config{Dir: dir})
//	syncer.SetNotifications(&dcrwallet.Notifications{ ... })
//	err := syncer.Run(ctx) // until ctx ends
//
// # What it does
//
// The engine downloads and proves headers and committed filters, as package
// [github.com/spvd/spvd/spv] describes. The adapter switches the wallet to the main chain of
// the engine in batches, has the wallet discover its accounts and addresses, rescans, and
// follows new blocks and reorganisations. Filters are matched from the engine's store on all
// processors; matching blocks are requested from several peers at a time. Transactions that
// peers announce are added to the wallet if they concern it, and unmined transactions of the
// wallet are offered to peers until they are mined. If the wallet mixes, it gets the messages of
// mixing that peers announce, each once, and its own are served to peers.
//
// # What it guarantees
//
//   - Losing all peers is a state: Synced turns false, and true again when peers return. Run
//     returns when its context ends, or with an error of a file or the wallet's database. It
//     may be called again.
//   - Callbacks run on a goroutine of their own, one at a time and in order. A callback that
//     blocks delays the other callbacks and the return of Run, but never the sync.
//   - The callback Synced is called once for each change.
//   - After Run has returned, no goroutine, file or lock is left.
//
// # Limits
//
// A wallet refuses a branch with less work than its own. If the engine leaves a block
// that is proven invalid, the wallet follows once the other branch has more work. The wire
// offers no stake difficulty. With LowBandwidth messages of mixing are not relayed: the mixes of the
// wallet find no peers.
//
// # Reading order
//
// config.go and syncer.go are the constructor and the life of a run, session.go the parts
// of a run. feed.go switches the wallet to the engine's chain, attach.go scans the blocks
// that it follows, recover.go discovers and rescans; nodes.go reads headers and filters for
// them. watch.go holds what the wallet watches, rescan.go matches filters and fetches
// blocks. backend.go answers the wallet's requests, publish.go and books.go pass transactions
// between wallet and engine, mix.go messages of mixing, tspend.go checks treasury spends. notify.go calls the callbacks,
// peers.go describes peers.
package dcrwallet
