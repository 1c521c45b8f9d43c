// Package link makes a connection behave like a long line: bytes take time, only so many pass
// per second, and now and then the line goes dead or is cut. It wraps one end of any
// connection, in memory or TCP, and shapes both directions there.
//
// It reads the clock and waits on timers, so that it runs in virtual time where
// testing/synctest provides it. Chance follows from a seed.
//
// [Conn.Run] owns both goroutines of a connection and returns when they have.
package link
