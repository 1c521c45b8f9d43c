// Package testnet is a synthetic network to prove and measure a light client
// on. Everything in it follows from seeds.
//
// A [Chain] is a branch of generated blocks. Its headers keep every rule that
// a header can show, with real proof-of-work, difficulty and ticket prices;
// its filters are those of its blocks, committed to by the headers, and of the
// sizes that the main network has; its blocks hash to their headers, and are
// made again whenever one is wanted. What only a full node could tell is
// invented: signatures, spent outputs, and the blocks that votes name. Chains
// fork anywhere, and share what they have in common. A long chain lies in a
// file between runs.
//
// A [Node] serves a chain as a dcrd does, with its limits, its duties and its
// silences. What it says is decided by a [Behaviour]: [Honest], or a fault that
// embeds it and overrides one method. A [Network] puts nodes at addresses,
// behind lines with latency, bandwidth and failures of their own, and is dialled
// in memory or over TCP. Addresses are any of IPv4 and IPv6, in as many network groups as a
// test needs, and a [Seeder] tells them over HTTPS. Nodes read the clock and wait on timers only, so that
// a network runs in virtual time where testing/synctest provides it.
//
// [Network.Run] owns all goroutines: when it has returned, no connection and no
// goroutine is left. A session has one that reads, one that writes, one that
// serves getdata and one that watches the clock.
//
// Read plan.go, tx.go and body.go for what is in a block, schedule.go and
// stake.go for when blocks come and what tickets are bought, miner.go and
// grow.go for how they become a chain, packed.go for how they are held, and
// cache.go for how they are kept; prefix.go reads blocks of another program for branches
// to be put on. Then ranges.go and honest.go for what a node says, behaviour.go for what it can say otherwise, node.go, session.go,
// handshake.go, handle.go and data.go for how it says it, and network.go and
// seeder.go for where it is.
package testnet
