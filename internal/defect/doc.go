// Package defect keeps a panic over what a peer has sent from ending the process.
//
// [Contain] turns the panic into an [*Error], which counts as an answer that is none. A
// [Reporter] logs it, counts it and reports the peer. A panic is a fault of this program, and
// no proof against the peer.
package defect
