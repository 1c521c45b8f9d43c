// Package dialing decides when a pool of peers makes connections, to how many, and which
// of them it gives up. It is pure: it has no clock, no socket, no lock and no randomness of
// its own; what it decides about is passed by value.
//
// # Guarantees
//
//   - Pace lets through fewer than 60 dials in any minute, whatever asks for them.
//   - Seeding asks seeders whenever connections have been missing for longer than a grace
//     of two minutes at most, with pauses that grow to hours, and whatever the book holds.
//   - Decide never gives up a connection for another one before the other one is made. The
//     number of automatic connections stays at most the wanted one, and two more while
//     other peers are looked for.
//   - While other peers are looked for, a peer that has not sent the newest block of the
//     best chain makes room, after a short time, for one that may.
//   - Two peers of one network group are kept only while no address of another group can be
//     dialled, and then no more of them than the group's share of the known groups.
//
// pace.go: when a dial may be made. seeding.go: when seeders are asked. slot.go and
// decide.go: what to dial and what to give up.
package dialing
