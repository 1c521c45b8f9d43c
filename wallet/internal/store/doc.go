// Package store keeps the file of a wallet and the snapshot of it in memory in step.
//
// A change is one transaction of the file: Update and Advance run it, store the snapshot that
// it returns, and make that the newest one. One runs at a time; the others wait for their turn.
// View reads the file together with the snapshot of the same state, and waits for nothing.
// Killed anywhere, a file is that of a snapshot before or after a change.
//
// What bbolt panics over in a damaged file is an error; the first damage is remembered.
package store
