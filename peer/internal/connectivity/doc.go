// Package connectivity decides from the results of dials whether the network is up, and lets dials
// begin one at a time while it is down.
//
// A [Network] starts no goroutine. Its methods may be called from any goroutine; Gate and Pause
// block until their time has passed, the network is back or the context ends. Its lock is held
// across no call of Deps.
package connectivity
