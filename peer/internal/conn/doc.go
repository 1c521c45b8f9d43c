// Package conn is one connection with a peer: the handshake, an ordered reader, a bounded
// writer, the table of open requests, and pings. It checks the form of messages, and leaves
// their content to its callers.
//
// An Opener performs handshakes and has what the connections of one pool have in common. A
// Conn sends the requests of its callers and completes each with its reply. Other messages of the
// peer are reported to the Handler of the connection, unmined transactions to Txs. Neither is a
// reference to the pool: a Conn knows no other connection, and decides nothing about requests.
//
// # Guarantees
//
//   - A request ends exactly once: with its reply, at its deadline, with the connection or with
//     its context. A late reply is recognised, and is no fault.
//   - The reader never waits for a consumer, nor for the writer. Of announcements that were not
//     taken the oldest are dropped; too many answers that the peer does not read end the
//     connection.
//   - Memory follows the bytes that arrive, not the lengths that are claimed. Of messages that
//     answer no request little is read.
//   - Payloads of headers, cfiltersv2, cfilterv2 and block messages are returned byte for byte.
//     Each was read into a buffer of its own, hashed once for the checksum of the message, and
//     checked for its form; the caller owns it. Every other message that is used is decoded by
//     package wire; the rest is skipped.
//   - A panic over a message ends the connection, and nothing else.
//
// # Goroutines and locks
//
// Open starts nothing. Run owns three goroutines: one reads, one writes, one pings. When it
// returns, all have returned and every request has ended. The lock of a connection guards its
// requests and announcements. It is not held across I/O or a wait, and no other lock is taken
// under it but that of the outbox.
//
// # Reading order
//
// rules.go, shape.go and frame.go: bytes to messages. opener.go and handshake.go: how a
// connection begins. conn.go: how it is served, with request.go and table.go for its open requests.
// reader.go and handle.go: what the goroutine that reads does with messages, with intake.go for
// bytes that no request asked for, transactions.go for unmined transactions, addresses.go for those
// of other nodes, announcements.go. outbox.go, keepalive.go, traffic.go and stats.go.
package conn
