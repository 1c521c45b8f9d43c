// Package race tells a test whether the race detector watches it, which makes what computes
// take five to ten times as long.
//
// A test that computes much and has few goroutines calls Skip: make test runs it without the
// detector, by its name in the Makefile's variable UNRACED.
package race

import "testing"

// Skip skips a test that the race detector watches.
func Skip(t testing.TB) {
	t.Helper()
	if Enabled {
		t.Skip("computes much: make test runs this without the race detector")
	}
}
