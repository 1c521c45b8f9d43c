// Package roster lists the peers that are connected: their ids, addresses and roles, and the newest
// block of the best chain that each has sent.
//
// # Guarantees
//
//   - Every connection gets an id of its own, which rises; ids are never used again.
//   - The address of each of the 256 connections that ended last is known by its id, because the
//     proof of a fault may take longer than the connection lives.
//   - Nothing that a peer claims changes what is recorded of it: a peer is credited only with blocks
//     of the best chain that the caller names.
//
// A [Roster] and a [Peer] have locks of their own and may be used from any goroutine. They start
// none, and call nothing with a lock but the function that is passed to Join.
//
// peer.go is one peer, roster.go the list, role.go why a connection exists.
package roster
