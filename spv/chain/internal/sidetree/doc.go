// Package sidetree holds in memory the headers of the branches of a chain that are not its main
// chain, within bounds for each source that sent them and for all together.
//
// A [Tree] records which headers have passed the rules, and what work their branches have; it knows
// no main chain, and compares hashes only. Who calls it holds it to one goroutine.
//
// # Goroutines
//
// The package starts none.
package sidetree
