// Package window holds the newest headers of a branch in memory, with the work of the branch up to
// each, without a gap: a number of them, and all that are not on disk yet.
//
// A [Window] belongs to one goroutine, and a header that it returns is valid until it changes.
//
// # Goroutines
//
// The package starts none.
package window
