// Package apply brings the books of a wallet in step with the chain: it takes the updates of the
// syncer, which apply blocks and revert others, and changes the snapshot and the rows of the wallet
// for them.
//
// An [Applier] runs each update in one transaction of the wallet's file, or in several if much is
// taken back; killed between two of them, a wallet is as it was at some block, and goes on from
// there. Blocks are judged on the way, as far as the wallet can: one that breaks a rule is a
// [consensus.InvalidBlock], and nothing of it is stored. It also forgets what a canceled rescan has
// found, and rebuilds the rows that follow from the chain.
//
// [Steps] are what the syncer asks before an update: from which block on, and which scripts its
// blocks are matched against.
//
// # Goroutines
//
// The package starts none. Apply and the methods of Steps have one caller at a time, the syncer;
// the others may be called from any goroutine, and those with a transaction inside of it.
//
// # Reading order
//
// applier.go and steps.go, then link.go, apply.go and blocks.go, which are the way of a block.
// validity.go judges it, resolve.go is what becomes of unmined transactions, rollback.go takes
// blocks back. forget.go forgets a canceled rescan, and repair.go rebuilds the books.
package apply
