// Package dialing decides when a pool of peers makes connections, to how many peers, and
// which connections it ends. It is pure: it has no clock, no socket, no lock and no
// randomness of its own; its inputs are passed by value.
//
// # Guarantees
//
//   - Pace allows fewer than 60 dials in any minute, however many are requested.
//   - Seeding asks seeders whenever connections have been missing for longer than a grace of
//     two minutes at most, with pauses that grow to hours, without any peer to one hour, and
//     whatever the book holds.
//   - Decide never ends a connection in favour of another one before the other one is made.
//     The number of outbound connections stays at most the wanted one, and two more during a
//     search for other peers.
//   - During a search a peer that has not sent the newest block of the best chain is
//     replaced, after a short time, by one that may.
//   - Two peers of one network group are kept only while no address of another group can be
//     dialled, and then no more of them than the group's share of the known groups.
//
// pace.go: when a dial may begin. seeding.go: when seeders are asked. slot.go and decide.go:
// which connections to make and to end. backoff.go: the pause before an address is dialled again.
package dialing
