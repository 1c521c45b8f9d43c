// Package hd reads extended public keys and addresses, derives scripts from keys, and says
// how many addresses of an account are watched.
//
// Everything in it is a function of its arguments: it knows no wallet, no file and no chain.
// It refuses private keys before anything else is done with them, and none of its errors
// repeats any part of what was given. All scripts are payment scripts of version 0.
//
// Read xpub.go, then address.go; window.go is the gap limit, and errors.go has what is
// refused.
package hd
