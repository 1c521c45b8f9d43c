package rpc

import (
	"encoding/hex"
	"math"

	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd/internal/rpc/api"
)

// anyAccount stands for all accounts, as does an empty name.
const anyAccount = "*"

// Examples in help that name something of a wallet.
const (
	exampleAccount = "default"
	exampleAddress = "DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg"
	exampleXpub    = "dpubZFwxDHxkMYMqXhxc2ZAiT4KWUgrJLBYxqmnZE9qAwBWMoCFbYfWgT2gd1gQSH6vNfUXQsVCv2YWoPoHRcr3z3u6kj1kVPh6JjcPNQwf1kxc"
	exampleTx      = "2a00000000000000000000000000000000000000000000000000000000000000"
	exampleRawTx   = "0100000001000000000000000000000000000000000000000000000000000000000000002a0000000000ffffffff014059730700000000000001510000000000000000015080730700000000000000000000000000"
	examplePubKey  = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
)

func accountParam() param {
	return param{name: "account", kind: kindString, text: "The name of the account."}
}

// someAccountParam chooses one account or all.
func someAccountParam() param {
	return param{name: "account", kind: kindString, optional: true, def: anyAccount, text: "The account; * is all of them."}
}

func minConfParam() param {
	return param{name: "minconf", kind: kindInt, optional: true, def: int64(1),
		text: "How many confirmations are asked for; the block itself is the first."}
}

// watchOnlyParam is for clients of wallets that hold keys: here all is watched
// only.
func watchOnlyParam() param {
	return param{name: "includewatchonly", kind: kindBool, optional: true, def: true, text: "Has no effect: nothing is not watch-only."}
}

// fits reports whether the name of an account is chosen.
func fits(chosen, account string) bool {
	return chosen == anyAccount || chosen == "" || chosen == account
}

// count returns a parameter that may not be negative.
func (a args) count(name string) (int64, error) {
	n := a.int(name)
	if n < 0 || n > math.MaxInt32 {
		return 0, fail(api.CodeInvalid, "parameter %s is %d, not from 0 to %d", name, n, math.MaxInt32)
	}
	return n, nil
}

// bytes returns a parameter in hex. What cannot be read may be a key, and is not
// repeated.
func (a args) bytes(name string) ([]byte, error) {
	raw, err := hex.DecodeString(a.str(name))
	if err != nil {
		return nil, fail(api.CodeHex, "parameter %s is not hex", name)
	}
	return raw, nil
}

// address returns a parameter that is an address of the network. What is none
// may be a key, and is not repeated.
func (b *backend) address(a args, name string) (string, error) {
	addr, err := stdaddr.DecodeAddress(a.str(name), b.params)
	if err != nil {
		return "", fail(api.CodeNotFound, "parameter %s is not an address of %s", name, b.params.Name)
	}
	return addr.String(), nil
}

// checkAddresses reports the first text that is no address of the network. It
// may be a key, and is not repeated.
func (b *backend) checkAddresses(texts []string) error {
	for i, text := range texts {
		if _, err := stdaddr.DecodeAddress(text, b.params); err != nil {
			return fail(api.CodeNotFound, "number %d of the addresses is not one of %s", i+1, b.params.Name)
		}
	}
	return nil
}

// knownAccount reports an account that does not exist.
func (b *backend) knownAccount(account string) error {
	if fits(account, anyAccount) {
		return nil
	}
	_, err := b.Wallet.AddressesOf(account)
	return err
}
