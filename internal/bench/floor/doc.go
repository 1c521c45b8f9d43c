// Package floor is the least that any program does that syncs headers and filters
// and believes nobody: it downloads, hashes, proves and appends.
//
// It asks for headers one message after the other, or between waypoints for
// several ranges at a time, and for filters in the largest pieces, as many as fill
// the connections, all of them at once. Each message is hashed for its checksum;
// each header is hashed with both algorithms, compared with its target and linked
// to its parent; each filter is hashed and compared with its header. What is good
// is appended to two flat files in the order of the chain.
//
// What it leaves out is what makes a client: rules that need ancestors, fork
// choice, a store that survives a crash, peers that fail or lie, and any bound on
// memory. Whatever goes wrong ends it.
//
// Run owns all goroutines: one reads each connection, one for each processor
// hashes, and one, its caller's, orders and appends.
package floor
