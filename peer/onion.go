package peer

import "crypto/sha3"

// onionChecksum returns the checksum in the name of a Tor service.
func onionChecksum(key [32]byte, version byte) [32]byte {
	return sha3.Sum256(append(append([]byte(".onion checksum"), key[:]...), version))
}
