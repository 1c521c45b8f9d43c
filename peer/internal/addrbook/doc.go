// Package addrbook is the table of the addresses of nodes that a client may dial. It is pure:
// a Book has no clock, no socket, no file and no randomness of its own, and is not safe for
// concurrent use. The caller passes the time and a source of random numbers. A Guarded is a Book
// with a lock and a clock.
//
// # Terms
//
// A host is an IPv4 address, a /64 network of IPv6 or an onion name, whatever the port: the
// least that one machine has. A network group is a range that one operator may well control:
// a /16 of IPv4, a /32 of IPv6, a 32nd of all onion names. A source is the network group of a
// peer, or the name of a seeder, that has announced an address. An address is tried once a
// handshake with a node there has succeeded, and new before that.
//
// # Guarantees
//
//   - The limits of limits.go hold after every call, whatever was announced: of addresses in
//     all, per host, per group and per source. Restore keeps them too.
//   - Where a limit is reached the worst address is evicted: one that has expired, has failed
//     most, shares its host with another, has a port other than the network's, or was
//     announced by the source with the most addresses. A newcomer that is worse than all
//     others is refused.
//   - New addresses never evict tried ones. The hosts of one group evict only each other
//     while any other group has fewer.
//   - An address may have several sources. A source that reaches its limit loses its claim to
//     an address, and the address stays if another source has announced it.
//   - A new address is picked by picking a source first, then a network group, then the
//     address. The weight of a source is the number of network groups it announces, at most
//     the median of all sources: a flood of announcements does not raise the chance that one
//     of them is dialled. A search for other peers gives all sources the same weight.
//   - Every address has one spelling. An address is not accepted if it is not routed
//     publicly, is not that of a full node, or is a name that would have to be looked up.
//
// addr.go and routable.go define addresses, entry.go the record of one, ranking.go counts,
// book.go changes the table, pick.go chooses from it, and snapshot.go converts it for a file.
// guarded.go adds a lock and a clock.
package addrbook
