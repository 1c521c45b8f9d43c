// Package wait holds all waits for a time: For and Until block a goroutine, a Timer is waited
// for in a select statement. Production code makes no timers, tickers or time.After channels
// of its own; internal/arch checks that, and that tests make none that may be due already.
//
// It guarantees that no channel of a runtime timer is received from that was due before the
// receiver blocked. Inside a testing/synctest bubble such a timer is run by the goroutine
// that selects on it, under the one race context of the bubble: two goroutines that do so at
// once corrupt the race detector, which then crashes the test (seen with go1.26.8;
// TestDueTimersCrashTheDetector shows it). This is why a Timer with a moment that has passed
// gives a channel without a timer, and why there is no ticker, which falls behind when its
// loop does: a loop resets its Timer instead.
//
// The package starts no goroutines. Read wait.go.
package wait
