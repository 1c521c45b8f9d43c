// Package txn says what a transaction is to the owners of some scripts: its kind, the outputs
// that pay them, the outputs that it spends, when these may be spent, and whether a node
// would relay it.
//
// Everything in it is a function of its arguments. It knows no wallet, no file and no clock;
// scripts are numbers, which the caller finds by the payment script. All amounts are in atoms,
// all sizes in bytes.
//
// Read kind.go and place.go, then effects.go, which is the core: what a wallet knows follows
// from these effects and nothing else. relay.go and scripts.go are the rules for transactions
// that are not mined yet, and for inputs.
package txn
