// Package snapshottest makes snapshots of synthetic chains in memory, right ones and forged
// ones, for tests of all that reads snapshots. It encodes them by itself, so that it judges
// what package snapshot writes.
//
// snapshot.go has the snapshots, forgeries.go what is done to them.
package snapshottest
