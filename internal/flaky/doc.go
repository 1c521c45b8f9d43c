// Command flaky runs test packages many times, under conditions that change how
// goroutines and processes interleave, and prints how often each test failed:
//
//	go run ./internal/flaky -n 20 -race ./peer ./spv
//
// The conditions take turns: as the tests run elsewhere, with one processor kept
// busy, with GOMAXPROCS=1, with GOMAXPROCS=8, and 400 days later: for that all programs are
// built with a package time that can move its clock (later.go). A test program is built once for
// each package and run in the package's directory, as many packages side by side as there are
// processors (-p), as the go command does; nothing is cached. The exit code is 1 if any test failed.
//
// With -each 5s the unit is not the package but the test: each runs alone, as often as five seconds
// allow. That finds what fails in one run of a thousand, mostly two timers of a bubble that
// are due at the same instant; which of them fires first is chance.
//
// Read main.go, then run.go, alone.go and later.go. All goroutines end before main returns.
package main
