// Command figures prints what the sources of the project measure: how many files, how large
// the largest room and receiver are, how much is exported. Run it in the root of the
// repository, or name another directory:
//
//	go run ./internal/arch/cmd/figures [DIR]
//
// The figures are a thermometer: they are read beside each other over time, and no rule
// bounds them. What each counts is said by package arch.
package main
