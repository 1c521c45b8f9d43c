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
// Read plan.go, tx.go and body.go for what is in a block, schedule.go and
// stake.go for when blocks come and what tickets are bought, miner.go and
// grow.go for how they become a chain, packed.go for how they are held, and
// cache.go for how they are kept.
package testnet
