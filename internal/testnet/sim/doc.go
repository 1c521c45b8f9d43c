// Package sim holds the whole client, syncer and peers, against synthetic
// networks in virtual time. It has tests only.
//
// A world (world_test.go) is one network with one client; its methods let tests
// read as sentences. properties_test.go proves the numbered properties of
// package spv over real wire bytes. faults_test.go has a row and a verdict for
// every fault. transcript_test.go compares what the phase machine did in a few
// stories with testdata. random_test.go runs networks that follow from a seed:
// as many as -networks says. forks_test.go does so for branches that leave the best chain
// anywhere. A seed that once failed is kept in seeds_test.go.
// wallets_test.go does the same with real wallets: holders (holder_test.go) deal
// with each other (market_test.go), and what wallets say of it (bank_test.go) has to
// be what a naive replay of the chain gives (tape_test.go).
package sim
