// Package node runs Decred full nodes on the loopback interface: the dcrd that
// this module pins, unchanged, on simnet.
//
// A node listens on ports that the system picks and that it reports through a
// pipe, so nodes never compete for one. A second pipe tells it to stop when its
// starter is gone. Everything it writes is below its directory.
//
// Read build.go for where the program comes from, node.go for its life, and
// query.go and link.go for what can be asked of it.
package node
