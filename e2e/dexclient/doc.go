// Command dexclient is the wallet client of dcrdex, pointed at a running spvd as it
// would be at dcrwallet. It asks all that needs no key, and prints the answers as one
// JSON object. It is a module of its own, because dcrdex requires another dcrwallet and
// dcrd than the tests run. All its goroutines end before main returns.
package main
