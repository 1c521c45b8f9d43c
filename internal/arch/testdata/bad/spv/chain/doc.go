// Package chain is documented, but moved.go is not there any more. Read vars.go.
package chain
