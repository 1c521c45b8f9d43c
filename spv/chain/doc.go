// Package chain keeps a chain of Decred block headers with their committed
// filters, and accepts nothing into it that has not been proven.
//
// It has two halves.
//
// The pure half proves. [PrepareHeaders], [ProveFilters] and [CheckBlock] take
// what peers sent, byte for byte as it came, and values of what is known; they
// return values or a [*RuleError] that names the broken rule, the block, and
// what was expected and got. They hold no state, read no clock, and may run on
// any goroutine, as many at a time as there are processors. [CheckContext]
// proves what takes the ancestors of a header. It is as pure, but a header can
// be checked only after its parent.
//
// The other half keeps. A [Chain] has one writer, the goroutine that syncs,
// and any number of readers that never wait for it: what the writer has staged
// in memory becomes visible, all at once, when it is committed in one
// transaction. That may take place on another goroutine while the writer goes on
// staging, see [Write]; one is under way at a time. Killed at any instant, a
// restart finds what was last committed.
//
// # What is proven
//
// A header is accepted only with everything that it can show: linkage, height,
// proof-of-work with the algorithm that its height requires, the target and
// the ticket price by the algorithms of their time, the times, the counts of
// votes, tickets and revocations, the number of live tickets, the versions,
// the known waypoints. What takes the transactions of every block to know,
// such as which tickets were drawn, is not proven: the majority of the work is
// trusted with it, as by every light client.
//
// A filter is proven against its header, which from DCP0005 on commits to it.
// The filters before can only be proven all at once, by [EarlyFilterHash].
// A block is proven to hold the transactions that its header commits to.
//
// # Goroutines
//
// The package starts none.
//
// # Reading order
//
// header.go and params.go say what a header and a network are. prepare.go, with
// payload.go, context.go and rule.go are the way of a header through the rules. Each other
// rule file is one rule: target.go, mediantime.go, stake.go, poolsize.go,
// version.go, waypoints.go, and for targets and prices difficulty.go, which
// chooses between asert.go and ema.go, and stakediff.go with stakediffv1.go;
// average.go is what the launch algorithms have in common. filterproof.go,
// earlyfilters.go and block.go are the proofs of filters and blocks.
//
// Of the half that keeps, chain.go is the centre, with state.go for how far it is and
// window.go for the newest headers. extend.go, tree.go, reorganise.go and
// longbranch.go choose the branch, filters.go takes filters, flush.go plans what is
// written, and write.go writes it. store.go and the files that begin with its name
// are the file and its rows, index.go finds hashes in them, load.go is what a restart
// reads. read.go, scan.go with readahead.go, since.go with update.go, and locator.go
// are what is asked of a chain; errors.go is why there is no answer. check.go and the
// files that begin with its name prove a store again, repair.go saves what can be
// saved. docs/storage.md describes the file.
package chain
