package rpc

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"

	"github.com/spvd/spvd/internal/rpc/api"
)

func validateAddress() method {
	return method{
		name:    "validateaddress",
		keys:    true,
		reads:   true,
		summary: "Tells whether a text is an address of this network, and what the wallet knows about it.",
		params:  []param{{name: "address", kind: kindString, text: "The text."}},
		result:  "an object with dcrwallet's fields",
		returns: []any{api.AddressInfo{}},
		example: `["` + exampleAddress + `"]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			addr, err := stdaddr.DecodeAddress(a.str("address"), b.params)
			if err != nil {
				return api.AddressInfo{}, nil
			}
			info, err := b.Wallet.AddressInfo(ctx, addr.String())
			if errors.Is(err, ErrNoWallet) {
				info, err = api.AddressInfo{Address: addr.String()}, nil
			}
			if err != nil {
				return nil, err
			}
			info.IsValid = true
			return info, b.describeAddress(&info, addr)
		},
	}
}

// describeAddress fills in what an address itself says, and its redeem script and
// public key if they are known.
func (b *backend) describeAddress(info *api.AddressInfo, addr stdaddr.Address) error {
	version, pay := addr.PaymentScript()
	info.Script = stdscript.DetermineScriptType(version, pay).String()
	info.IsScript = stdscript.IsScriptHashScript(version, pay)
	if key, ok := addr.(stdaddr.SerializedPubKeyer); ok {
		info.PubKey, info.PubKeyAddr = hex.EncodeToString(key.SerializedPubKey()), addr.String()
	} else if _, ok := addr.(*stdaddr.AddressPubKeyHashEcdsaSecp256k1V0); ok && info.PubKey != "" {
		named, err := b.keyAddress(info.PubKey)
		if err != nil {
			return err
		}
		info.PubKeyAddr = named
	}
	_, hashed := addr.(stdaddr.Hash160er)
	info.IsCompressed = info.PubKey != "" || hashed // no others are standard
	redeem, err := hex.DecodeString(info.Hex)
	if err != nil || len(redeem) == 0 {
		return err
	}
	kind, addrs := stdscript.ExtractAddrs(version, redeem, b.params)
	info.Script, info.Addresses = kind.String(), encodeAddrs(addrs)
	if kind == stdscript.STMultiSig {
		info.SigsRequired = int32(stdscript.DetermineRequiredSigs(version, redeem))
	}
	return nil
}

// keyAddress returns the address of a public key in hex.
func (b *backend) keyAddress(text string) (string, error) {
	key, err := hex.DecodeString(text)
	if err != nil {
		return "", err
	}
	addr, err := stdaddr.NewAddressPubKeyEcdsaSecp256k1V0Raw(key, b.params)
	if err != nil {
		return "", err
	}
	return addr.String(), nil
}
