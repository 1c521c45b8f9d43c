// Package floor does the least that any program does that syncs headers and filters and
// trusts no peer: it downloads, hashes, proves and appends.
//
// It requests headers one message after the other, or between waypoints for several ranges at
// a time, and filters in the largest pieces, as many as fill the connections, all of them at
// once. Each message is hashed for its checksum; each header is hashed with both algorithms,
// compared with its target and linked to its parent; each filter is hashed and compared with
// its header. Proven data is appended to two flat files in the order of the chain.
//
// Files does the same with the files of a snapshot in the place of peers.
//
// It leaves out what makes a client: rules that need ancestors, fork choice, a store that
// survives a crash, peers that fail or lie, and any bound on memory. Any error ends it.
//
// Run owns all goroutines: one reads each connection, one for each processor hashes, and one,
// its caller's, orders and appends.
package floor
