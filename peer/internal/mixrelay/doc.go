// Package mixrelay decides which messages of peer-to-peer mixing are requested from which peer, keeps
// those that have arrived until they are taken, and serves those that are offered. It knows nothing
// of their content: the program that mixes judges that.
//
// # Guarantees
//
//   - A message is requested once, from the first peer that announces it, and from another one that
//     has announced it when it is late or missing. What one peer owes, and what is remembered of its
//     announcements, is bounded.
//   - The bytes of what waits to be taken are bounded; a message that has no room is dropped, and
//     requested again when a peer announces it again.
//   - A message is served to the peers that it was offered to, and to no others.
//
// A Relay may be used from any goroutine; none of its methods waits.
//
// Read relay.go (requests), then offered.go (what is served).
package mixrelay
