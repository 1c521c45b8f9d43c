// Package manual keeps connections with the peers that the user names: it dials each again, with
// pauses, whenever its connection has ended or failed.
//
// A [List] may be used from any goroutine. Start begins one goroutine for each peer, and Add and Try
// one more each while the list is started; they end with the context that Start was given, and those
// of a peer when it is removed. The lock guards the list, and is held across no call that may wait.
package manual
