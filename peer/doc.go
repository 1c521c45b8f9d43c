// Package peer talks to Decred full nodes. It knows the wire protocol and nothing of chains
// and wallets: it checks the form of messages, and its callers prove their content.
//
// A Pool keeps connections to peers; its methods are those for users. Pool.Peers is the pool as the
// syncer uses it, and satisfies spv.Peers: it answers requests for headers, committed filters and
// blocks by asking one peer each, and relays transactions.
//
// # Guarantees
//
//   - A request ends exactly once: with its reply, at its deadline, with its connection or
//     with its context. From then on it does not count as in flight; an idle pool has nothing
//     in flight.
//   - A request that one peer leaves unanswered, or answers in a trickle, is sent to other
//     peers, at last to all; a reply that flows is waited for. Only the bytes of replies
//     count as progress.
//   - Of messages that answer no request little is read, and a peer that floods is
//     disconnected.
//   - No peer is asked for more than twice its even share of blocks, counted among the peers
//     that are good enough.
//   - A late reply is recognised and dropped. It neither ends a connection nor counts as a
//     fault.
//   - The reader of a connection never waits for a consumer, nor for the writer. Its queues
//     are bounded: of announcements the oldest are dropped; too many answers end the
//     connection.
//   - Memory follows the bytes that arrive, not the lengths that are claimed.
//   - Waiting never spins. All dials, those to seeders too, keep to one pace of fewer than 60
//     a minute, whatever the settings are and whatever peers do. Without a network a pool
//     dials one address at a time, with jitter, and does nothing in between.
//   - Addresses that one peer announces are dialled no more often than those that any other
//     announces, and displace only each other. Of one host, whatever the port, there is one
//     outbound connection; of one network group there is one while the book allows it.
//   - Seeders are asked whenever connections are missing for two minutes, whatever the book
//     holds, with pauses that grow to hours.
//   - A transaction that peers announce is fetched once. The bytes that one peer can make us
//     fetch and keep are bounded, and a transaction that was not requested counts against its
//     sender.
//   - A transaction that we announce is served to the peers to which it was announced, and to
//     no others.
//   - With Config.Mixing the same holds for messages of mixing: each is fetched once, within bounds,
//     and ours are served to the peers that they were announced to.
//   - All connections, those to seeders too, are made by Config.Dial. With a Dial that goes
//     through a proxy no connection bypasses the proxy.
//   - A ban applies to one host, for what came from there: an IPv4 address or a /64 network
//     of IPv6, whatever the port. When only banned peers are left, one at a time gets another
//     chance.
//   - Every way a peer can end or a request can fail is a Reason. Only proven faults ban.
//     Silence raises a ban score, and in the end costs the connection if another peer does
//     answer.
//   - Nothing a peer claims about heights or times is used as a fact. A peer is credited only
//     by the caller, with the newest block of the best chain.
//   - After NetworkChanged, or when the addresses of this machine have changed, a connection on
//     which nothing arrives within 5 seconds is ended.
//   - While the caller looks for other peers (Seek), up to two connections more than
//     configured are made, to one host after the other, until one of them delivers newer
//     blocks.
//
// # Goroutines
//
// New starts nothing. Run owns one goroutine per address that the user named (package manual), one
// that makes outbound connections, one for each of these, and one that tests addresses (package
// outbound). Each connection owns three more (package conn). One more asks seeders, one watches the
// clock, one requests late transactions from other peers and one writes peers.json. No goroutine is
// started per message. A request owns one goroutine per peer that it is sent to (package requests),
// and has none left when it returns. When Run returns, all of its goroutines have returned.
package peer

// # Locks
//
// Each part below internal has a lock of its own, and the pool one that guards only whether it
// runs. They are taken in this order: pool, outbound, manual, roster, requests, book, misbehavior,
// connectivity, conn. No lock is held across I/O, a wait or a call that may do either; channel
// operations under a lock cannot block.
//
// # Reading order
//
// The packages below internal have a doc.go of their own and need nothing of the pool. Those that
// others build on come first. fault: why connections end and requests fail. conn: one connection.
// addrbook: the addresses of nodes. misbehavior: ban scores and bans. connectivity: whether there is
// a network. roster: the connected peers. pick: which peer a request is sent to. requests: from a
// request to its reply. txrelay: which unmined transactions are requested and served. mixrelay: the
// same for messages of mixing. dialing: what to dial and when. session: makes connections and serves them. manual: the peers that the user
// names. outbound: those that the pool chooses. seeds: where the first addresses come from.
// peersfile: where addresses and bans are kept. socks: the way through a proxy. syncpeers: the pool
// as the syncer uses it.
//
// Here, pool.go is the life of a pool, config.go its settings, and compose.go puts the parts
// together; watch.go is for a machine that was asleep and for a pool whose peers are all banned,
// netchange.go for a machine in another network, relay.go and renew.go for transactions that peers
// announce, mixing.go for messages of mixing. The other files are what users see: manual.go the peers that they name, ban.go, info.go,
// reason.go, and proxy.go the way through a proxy.
