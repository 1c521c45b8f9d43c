// Package interrupt runs a worker under test again and again, and strikes it at each of its blocking
// points in turn: its context is canceled there, what it does there fails, or its process is killed
// there.
//
// The fakes that a worker is built from call [Points.Pass] wherever the worker may wait, for a peer, a
// file, a socket or a store. [Every] first counts these points in a life that nothing strikes, and then
// has a life for each way of striking and each point. Each is followed by another life on the same
// files, which has to reach its goal: that the next start heals. A life runs in a bubble of virtual
// time, which fails the test if a goroutine stays, and no file below its directory may be open when it
// ends. A killed life is a process of its own, the test program started again, that kills itself with
// the signal that cannot be caught.
//
// Every owns its processes and returns when they have ended. Read interrupt.go, then every.go.
package interrupt
