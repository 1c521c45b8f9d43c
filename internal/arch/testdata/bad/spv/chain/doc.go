// Package chain is documented.
package chain
