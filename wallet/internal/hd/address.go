package hd

import (
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
)

// ParseAddress decodes an address of a network. No error it returns repeats
// any part of the input.
func ParseAddress(net *chaincfg.Params, s string) (stdaddr.Address, error) {
	addr, err := stdaddr.DecodeAddress(s, net)
	if err == nil {
		return addr, nil // which no private key is
	}
	if LooksPrivate(s) {
		return nil, ErrPrivateKey
	}
	for _, other := range networks() {
		if _, err := stdaddr.DecodeAddress(s, other); err == nil && other.Name != net.Name {
			return nil, fmt.Errorf("%w: the address is for %s, the wallet for %s", ErrWrongNetwork, other.Name, net.Name)
		}
	}
	if errors.Is(err, stdaddr.ErrBadAddressChecksum) {
		return nil, ErrBadChecksum
	}
	return nil, ErrBadAddress
}

// PayScripts returns the scripts by which an address may be paid: its own, and
// for a public key also that of the key's hash.
func PayScripts(addr stdaddr.Address) [][]byte {
	_, own := addr.PaymentScript()
	scripts := [][]byte{own}
	if key, ok := addr.(stdaddr.AddressPubKeyHasher); ok {
		_, hash := key.AddressPubKeyHash().PaymentScript()
		scripts = append(scripts, hash)
	}
	return scripts
}

// ScriptAddress returns the address of a payment script, or an empty string
// for scripts that have none, or several.
func ScriptAddress(net *chaincfg.Params, pay []byte) string {
	_, addrs := stdscript.ExtractAddrs(0, pay, net)
	if len(addrs) != 1 {
		return ""
	}
	return addrs[0].String()
}

// IsScriptHash reports whether a payment script pays to the hash of a script.
func IsScriptHash(pay []byte) bool { return stdscript.IsScriptHashScriptV0(pay) }
