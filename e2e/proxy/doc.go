// Package proxy stands between a client and a full node, on the loopback
// interface, and writes down every message of the wire protocol that passes:
// which connection it came on, in which direction, what it is, and when.
//
// A gate may look at each message before it passes, hold it until it is
// released, or cut the connection. This makes "in the middle of the sync" an
// event instead of a matter of luck.
//
// Proxy.Run owns all goroutines: one that accepts connections and two for each
// connection. Read frame.go, then proxy.go, and link.go last.
package proxy
