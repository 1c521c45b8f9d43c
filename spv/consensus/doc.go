// Package consensus proves what Decred headers, committed filters and blocks can show by
// themselves and by the headers before them.
//
// [PrepareHeaders], [ProveFilters] and [CheckBlock] take what peers sent, byte for byte as
// it came, and values of what is known; they return values, or a [*RuleError] that names
// the broken rule, the block, and what was expected and got. [CheckContext] proves the
// rules that need the ancestors of a header, which the caller shows by [Ancestors]: a
// header can be checked only after its parent.
//
// Everything here is pure: it holds no state, reads no clock, file or socket, starts no
// goroutine, and may run on any goroutine, as many at a time as there are processors.
// Package chain keeps what was proven.
//
// # What is proven
//
// A header is accepted only with everything that it can show: linkage, height,
// proof-of-work with the algorithm that its height requires, the target and the ticket
// price by the algorithms of their time, the times, the counts of votes, tickets and
// revocations, the number of live tickets, the versions, the known waypoints. What takes
// the transactions of every block to know, such as which tickets were drawn, is not
// proven: the majority of the work is trusted with it, as by every light client.
//
// A filter is proven against its header, which from DCP0005 on commits to it. The filters
// before can only be proven all at once, by [EarlyFilterHash]. A block is proven to hold
// the transactions that its header commits to.
//
// # Reading order
//
// header.go and params.go say what a header and a network are. prepare.go, with
// payload.go, context.go and rule.go are the way of a header through the rules. Each other
// rule file is one rule: target.go, mediantime.go, stake.go, poolsize.go, version.go,
// waypoints.go, and for targets and prices difficulty.go, which chooses between asert.go
// and ema.go, and stakediff.go with stakediffv1.go; average.go is what the launch
// algorithms have in common. filterproof.go, filtersize.go and earlyfilters.go are the
// proofs of filters, block.go and transactions.go those of blocks.
package consensus
