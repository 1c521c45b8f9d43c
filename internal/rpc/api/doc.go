// Package api holds what the daemon and its clients agree on: the values that
// travel as JSON results, the error codes, and the names of ports and files
// that both sides must know.
//
// A result that dcrd or dcrwallet also has keeps their field names; where we
// say more, our fields stand beside theirs in the same object. Names are lower
// case and, once released, never change their meaning.
//
// Times are Unix seconds, durations seconds, heights block numbers, and hashes
// the usual reversed hex, unless a field says otherwise.
//
// Read sync.go first: it is the one statement about how far the daemon has
// got.
package api
