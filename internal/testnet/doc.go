// Package testnet is a synthetic network on which a light client is tested and measured.
// Everything in it follows from seeds.
//
// A [Chain] is a branch of generated blocks. Its headers keep every rule that a header can
// show, with real proof-of-work, difficulty and ticket prices; its filters are those of its
// blocks, committed to by the headers, and of the sizes that the main network has; its blocks
// hash to their headers, and are generated again whenever one is requested. Data that only a
// full node could check is invented: signatures, spent outputs, and the blocks that votes
// name. Chains fork anywhere, and share their common blocks. A long chain is kept in a file
// between runs.
//
// A [Node] serves a chain as a dcrd does, with its limits, its duties and its silences. A
// [Behaviour] decides which messages it sends: [Honest], or a fault that embeds it and
// overrides one method. A [Network] puts nodes at addresses, behind lines with latency,
// bandwidth and failures of their own, and is dialled in memory or over TCP. Addresses are
// any of IPv4 and IPv6, in as many network groups as a test needs, and a [Seeder] serves them
// over HTTPS. Nodes read the clock and wait on timers only, so that a network runs in virtual
// time where testing/synctest provides it.
//
// [Network.Run] owns all goroutines: when it has returned, no connection and no goroutine is
// left. A session has one that reads, one that writes, one that serves getdata and one that
// watches the clock.
//
// Read plan.go, tx.go and body.go for the content of a block, schedule.go and stake.go for
// the times of blocks and the sale of tickets, miner.go and grow.go for making a chain of
// them, packed.go for its form in memory, and cache.go for its file; prefix.go reads blocks
// of another program on which branches are put. Then ranges.go and honest.go for the messages
// of a node, behaviour.go for other behaviours, node.go, session.go, handshake.go, handle.go
// and data.go for its connections, and network.go and seeder.go for its address.
package testnet
