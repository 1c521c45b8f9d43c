// Package peer talks to Decred full nodes. It knows the wire and nothing of
// chains and wallets: what peers send is checked for its form, and handed up for
// others to prove.
//
// A Pool keeps connections to peers and answers requests for headers, committed
// filters and blocks by asking one peer each. It satisfies the interface that the
// syncer declares for its network.
//
// # Guarantees
//
//   - A request is settled exactly once: by its reply, its deadline, the end of
//     its connection or of its context. What it was counted as in flight is
//     uncounted then; an idle pool has nothing in flight.
//   - A request that one peer leaves unanswered, or trickles, is put to others, at
//     last to all; replies that flow are waited for. Nothing but the bytes of replies
//     counts as progress.
//   - Of messages that no request asks for little is read, and a peer that floods is
//     left.
//   - No peer is asked for more than twice its even share of blocks, of the peers that
//     are good enough.
//   - A late reply is recognised and dropped. It neither ends a connection nor
//     counts as a fault.
//   - The reader of a connection never waits for a consumer, nor for the writer.
//     What piles up is bounded: announcements by dropping the oldest, answers by
//     ending the connection.
//   - Memory follows the bytes that arrive, not the lengths that are claimed.
//   - Waiting never spins. All dials, those to seeders too, keep to one pace of fewer than
//     60 a minute, whatever the settings are and whatever peers do. Without a network a pool
//     dials one address at a time, with jitter, and does nothing in between.
//   - Addresses that one peer announces are dialled no more often than those that any other
//     announces, and displace only each other. Of one host, whatever the port, there is one
//     outbound connection; of one network group there is one while the book allows it.
//   - Seeders are asked whenever connections are missing for two minutes, whatever the book
//     holds, with pauses that grow to hours.
//   - A transaction that peers announce is fetched once. What one of them makes us
//     fetch and keep is bounded, and one that nobody asked for counts against it.
//   - What we announce can be fetched by whom it was announced to, and by nobody
//     else.
//   - All connections, those to seeders too, are made by Config.Dial. With one that
//     goes through a proxy nothing goes around it.
//   - A ban hits one host, for what came from there: an IPv4 address or a /64 network of
//     IPv6, whatever the port. When none but banned peers are left, one at a time gets
//     another chance.
//   - Every way a peer can end or a request can fail is a Reason. Only proven
//     faults ban. Silence raises a ban score, and in the end costs the connection
//     if another peer does answer.
//   - Nothing a peer claims about heights or times is used as a fact. News of a peer is
//     what the caller credits it for: the newest block of the best chain.
//   - While the caller looks for other peers (Seek), up to two connections more than wanted
//     are made, to one host after the other, until one of them knows more.
//
// # Raw payloads
//
// Payloads of headers, cfiltersv2, cfilterv2 and block messages are handed up byte
// for byte. They were read into a buffer of their own, hashed once for the
// checksum of the message, and checked for their form; the caller owns them.
// Everything else is decoded by package wire, or read over when nobody wants it.
//
// # Goroutines
//
// New starts nothing. Run owns one goroutine per address that the user named
// (keep.go), one that makes outbound connections and one for each of these
// (outbound.go), and while there is a connection three more, owned by that connection
// (conn.go): one reads, one writes, one pings. One more tries untested addresses, one asks
// seeders, one watches the clock and one writes peers.json. Nothing is started per message.
// A request owns one goroutine per peer that it is put to (hedge.go), and has none left
// when it returns. When Run has returned, all of its own have.
//
// # Locks
//
// The pool's lock guards what the pool knows of its members; a connection's lock
// guards its requests and announcements. The pool's is taken first. Neither is
// held across I/O, a wait or a call into another package that may do either; what
// touches a channel under them cannot block. The book's lock is taken last and
// released before its methods return.
//
// # Reading order
//
// reason.go and error.go: how things end. rules.go, shape.go and frame.go: bytes
// to messages. handshake.go, conn.go, handle.go: one connection, with request.go and
// table.go for its open requests, progress.go for what counts as progress of them,
// outbox.go, keepalive.go, announcements.go and traffic.go.
//
// config.go, pool.go, member.go and keep.go: keeping connected, with manual.go and
// address.go for the peers that the user names, outbound.go for the others, feedback.go
// for what the caller knows about them, backoff.go for when to try again, connectivity.go and
// watch.go for when there is no network. What to dial and when is decided by package
// dialing, which addresses there are by package addrbook, below internal. book.go,
// announced.go and quota.go: what goes into the address book, with seeds.go and seeding.go
// for where the first addresses come from, and file.go, file_upgrade.go and persist.go for
// where they are kept. proxy.go: the way through Tor.
//
// pick.go, queue.go, hedge.go, fetch.go: who is asked, with gauge.go and banscore.go
// for what a peer is worth. txrequests.go, offered.go and renew.go: unmined transactions,
// which transactions.go and relay.go pass on. roster.go, ban.go, veto.go, pardon.go
// and info.go: what the rest of the program sees.
package peer
