// Package chain keeps a chain of Decred block headers with their committed filters. It
// accepts nothing that package consensus has not proven, and chooses the branch with the
// most work.
//
// A [Chain] belongs to its one writer, the goroutine that syncs. All others have its [Reader],
// which changes nothing and never waits for the writer: what the writer has staged in memory
// becomes visible there, all at once, when it is committed in one transaction. That may take
// place on another goroutine while the writer goes on staging, see [Write]; one write runs at a
// time. Killed at any instant, a restart finds what was last committed.
//
// # Goroutines
//
// The package starts none.
//
// # Reading order
//
// chain.go is the centre, with state.go for how far it is, mainview.go for the main chain as the
// rules see it, and package recent for the newest headers. extend.go, reorganise.go and
// longbranch.go choose the branch, from those in packages sidetree, which sideview.go shows to the
// rules, and longbranch, which weighs those that are too long for it; known.go, with package
// waypoints, and invalid.go are the blocks that it must go through and must not, easing.go and
// newer.go are what its newest blocks say about it, and stale.go keeps the blocks that it has left.
// filters.go takes filters, of which package early proves those below DCP0005; floor.go drops those
// that are not kept, flush.go plans what is written, and write.go writes it, with new blocks into
// the write-ahead log first; replay.go takes them from there again, and load.go is what a restart
// reads. The file, its rows and the log are package store, below this one.
//
// reader.go is what other goroutines may ask, with read.go, scan.go, ranges.go, since.go with
// update.go, and branch.go; locator.go is what peers are asked after, and errors.go why there is no
// answer. check.go and the files that begin with its name prove a store
// again, repair.go saves what can be saved, compact.go gives unused room back. docs/storage.md
// describes the file.
package chain
