// Package p2p has the words in which the peers and the syncer speak with each other: plain
// values of what a peer has sent, without behaviour. Package peer makes them, package spv
// reads them, and neither needs to know the other. It knows hashes and bytes of the wire, and
// no rule of the chain. Nothing in these values is proven.
package p2p
