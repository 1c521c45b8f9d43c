// Package program is a module of its own that pins the version of the reference wallet
// as a tool: dcrwallet and dcrd each choose a version of the mixing package that the
// other does not compile with, so that one module cannot hold both. It has no code, and
// starts nothing.
package program
