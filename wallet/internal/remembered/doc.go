// Package remembered says which blocks of its chain a wallet remembers, and finds some of them. A
// list of them is in height order and begins with the genesis block. The package is pure.
package remembered
