package safetext

import "regexp"

// Hidden replaces a private key.
const Hidden = "[private key]"

// privateKey matches extended private keys and single keys in wallet import format, also
// damaged or cut ones: the prefixes of all networks (chaincfg: HDPrivateKeyID, PrivateKeyID),
// and the characters of base 58 after them. Eight characters reveal nothing about a key yet.
var privateKey = regexp.MustCompile(`(^|[^1-9A-HJ-NP-Za-km-z])([dtsrx]prv[0-9A-Za-z]{4,}|P[mtsr][0-9A-Za-z]{30,})`)

// HideKeys returns text without the private keys in it.
func HideKeys(s string) string {
	if len(s) < 8 || !privateKey.MatchString(s) {
		return s
	}
	return privateKey.ReplaceAllString(s, "${1}"+Hidden)
}
