// Package waypoints knows which of the known blocks of a network the main chain contradicts: it
// was stored before this version of the program, or its user, knew them. New headers that
// contradict one are refused before they get here.
//
// A [Set] belongs to one goroutine.
//
// # Goroutines
//
// The package starts none.
package waypoints
