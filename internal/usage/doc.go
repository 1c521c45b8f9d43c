// Package usage puts mistakes on a command line, or in a file of settings, into the words of users: it
// says what a flag expects, and which name was likely meant. It guarantees that no words of Go's own
// parsers are left in them.
//
// Read usage.go.
package usage
