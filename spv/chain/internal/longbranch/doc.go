// Package longbranch weighs side branches that are too long to keep: of their headers, which have
// passed all rules, the newest are kept, as the rules need them, and here and there a hash. When
// one turns out to be better than the main chain, that is taken back to the fork, and the headers
// of the branch have to come again, held to those hashes: the branch is the goal.
//
// Without that, the peer that is asked first could lead a new node into a branch with little work
// that is too long ever to leave.
//
// A [Set] and its branches belong to one goroutine.
//
// # Goroutines
//
// The package starts none.
package longbranch
