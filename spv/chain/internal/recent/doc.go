// Package recent holds the newest headers of a branch in memory, with the work of the branch up to
// each, without a gap: a number of them, and all that are not on disk yet.
//
// [Headers] belong to one goroutine, and a header that is returned is valid until the next change.
//
// # Goroutines
//
// The package starts none.
package recent
