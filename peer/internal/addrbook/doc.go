// Package addrbook is the table of the addresses of nodes that a client may dial. It is
// pure: it has no clock, no socket, no file and no randomness of its own, and is not safe
// for concurrent use. The caller passes the time and a source of random numbers.
//
// # Terms
//
// A host is an IPv4 address, a /64 network of IPv6 or an onion name, whatever the port:
// what one machine has at least. A network group is what one operator may well control
// all of: a /16 of IPv4, a /32 of IPv6, a 32nd of all onion names. A source is the
// network group of a peer, or the name of a seeder, that has announced an address. An
// address is tried once a handshake with a node there has succeeded, and new before that.
//
// # Guarantees
//
//   - The limits of limits.go hold after every call, whatever was announced: of addresses
//     in all, per host, per group and per source. Restore keeps them too.
//   - Where a limit is reached the worst address is evicted: one that has expired, has
//     failed most, shares its host with another, has a port other than the network's, or
//     was announced by the source with the most addresses. A newcomer that is worse than
//     all others is refused.
//   - New addresses never evict tried ones. The hosts of one group evict only each other
//     while any other group has fewer.
//   - An address may have several sources. A source that reaches its limit loses its claim
//     to an address, and the address stays if another source has announced it.
//   - A new address is picked by picking a source first, then a network group, then the
//     address. A source is as likely as it announces network groups, at most as the median
//     of all sources: a flood from one makes it no more likely that one of it is dialled.
//     A search for other peers picks all sources as often.
//   - Every address has one spelling. What is not routed publicly, is no address of a full
//     node, or is a name that would have to be looked up, is not taken.
//
// addr.go and routable.go say what an address is, entry.go what is known about one,
// ranking.go counts, book.go changes the table, pick.go chooses from it, and snapshot.go
// translates it for a file.
package addrbook
