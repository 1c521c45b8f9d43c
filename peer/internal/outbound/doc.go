// Package outbound makes the connections that the pool chooses itself, with addresses of the book,
// as package dialing decides.
//
// # Guarantees
//
//   - Of one host, whatever the port, there is one connection, and none while the user has named the
//     host. Of one network group there is one while the book allows it.
//   - A host that is banned, or that was left because others have newer blocks, is not dialled for
//     as long.
//   - Addresses with another port than the network's, at which no node was met, are dialled rarely.
//   - The two peers that have been connected for longest are the anchors, which the next process
//     dials first: no attacker gets all connections of a client by making it restart.
//
// [Connections] may be used from any goroutine. Start begins one goroutine that makes connections,
// one for each of these, and one that tests addresses; they end with the context that it was given.
// The lock guards all state here. It is taken before those of the roster, the book and the bans, and
// is held across no call of Deps but Manual and Rand.
//
// outbound.go is the loop, decide.go carries out the decisions of package dialing, choose.go chooses
// addresses, anchors.go the first of them, feeler.go tests addresses, and search.go has what other
// parts ask.
package outbound
