// Package session makes connections to peers and serves each to its end: it dials, performs the
// handshake, has the peer listed, and records in the address book and in the ban scores how the
// connection went.
//
// # Guarantees
//
//   - All dials, those to seeders too, keep the pace of package dialing, whatever the settings are
//     and whatever peers do.
//   - Without a proxy the names of Tor services are not passed to the dialler, which would look
//     them up.
//   - A failed dial counts against its address only while the network is up.
//
// A [Maker] may be used from any goroutine, and starts none. Its lock guards the pace alone.
package session
