// Package txrelay decides about unmined transactions: which to request from which peer, which
// of the received ones wait for the wallet, and which we offer and serve. It sends nothing: a
// connection passes in the messages of its peer, and sends the requests that the methods return.
//
// # Guarantees
//
//   - A transaction that peers announce is requested from one peer at a time, from the first
//     one that announced it and from peers of other networks when that one is late. It is
//     delivered once, and a second time when a copy with the same bytes has arrived from
//     another network.
//   - The bytes that one host, or one network of IPv6, can make us fetch are bounded, also
//     over reconnects. So are the bytes that wait to be taken, in which no source displaces
//     the transactions of others, and the memory of hashes, announcements and sources.
//   - An offered transaction is served to the peers to which it was offered, and to no others.
//
// A Relay is used from any goroutine; its methods do not wait, and start no goroutines. What
// lies below it is plain values without clock or lock.
//
// Read relay.go; then requests.go with deliveries.go, source.go and recent.go for what is
// fetched, received.go for what waits to be taken, and offered.go for what is served.
package txrelay
