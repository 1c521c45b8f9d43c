// Package miner extends the chain of a simnet node the way the real network
// does it: tickets are bought, the five that the lottery picks vote for each
// block, payments are made, and a block carries them all.
//
// The node makes the block templates and judges the result; the miner solves
// them. Their timestamps are one second apart however fast they are mined,
// because the difficulty of simnet would otherwise double with every six blocks
// that come early.
//
// All miners share one key, so each can vote with the tickets another one
// bought, and everything a miner knows it reads from its node: after a
// reorganisation or a restart it goes on by itself.
//
// Read miner.go first, then ledger.go, and last the transactions: split.go,
// payment.go, ticket.go, vote.go. A Miner starts no goroutines of its own.
package miner
