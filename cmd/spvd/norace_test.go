//go:build !race

package main

// underRace says that the race detector is at work.
const underRace = false
