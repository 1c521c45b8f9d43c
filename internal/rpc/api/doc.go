// Package api holds what the daemon and its clients share: the values of JSON results, the
// error codes, and the names of ports and files that both sides must know.
//
// A result that dcrd or dcrwallet also has keeps their field names; further fields of ours
// are in the same object. Names are lower case and, once released, never change their
// meaning.
//
// Times are Unix seconds, durations seconds, heights block numbers, and hashes the usual
// reversed hex, unless a field says otherwise.
//
// Read sync.go first: it holds the progress of the daemon.
package api
