package hd

import "errors"

// Errors of keys and addresses that a user gives. Their texts are fit for users, and never
// repeat any part of what was given.
var (
	// ErrPrivateKey means that private key material was given. It has been
	// neither stored nor logged.
	ErrPrivateKey = errors.New("this is a private key, which a watch-only wallet must never see; give the extended public key or an address instead")

	// ErrWrongNetwork means that a key or address is for another network.
	ErrWrongNetwork = errors.New("key or address is for another network")

	// ErrBadChecksum means that a key or address was mistyped or cut.
	ErrBadChecksum = errors.New("checksum does not match: the key or address was mistyped or cut off")

	// ErrBadKey means that a key is not one at all.
	ErrBadKey = errors.New("not a valid public key")

	// ErrNotAccountKey means that an extended key is not one of an account:
	// the third level of BIP44, derived with a hardened index.
	ErrNotAccountKey = errors.New("extended key is not an account key of BIP44 (m/44'/coin'/account'); export the public key of the account")

	// ErrBadAddress means that an address is not one.
	ErrBadAddress = errors.New("not a valid address")
)
