package method

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/wallet"
)

// addressMethods returns the methods about addresses and their labels.
func addressMethods() []Method {
	return []Method{
		getNewAddress(),
		getRawChangeAddress(),
		getAccount(),
		getAddressesByAccount(),
		getReceivedByAddress(),
		listLabels(),
		setLabel(),
		validateAddress(),
	}
}

// Gap policies of dcrwallet.
const (
	gapError  = "error"
	gapIgnore = "ignore"
	gapWrap   = "wrap"
)

func getNewAddress() Method {
	return Method{
		Name:    "getnewaddress",
		Summary: "Hands out the next unused address of an account.",
		Help: "It is watched when the call returns. Behind the gap limit a wallet restored from the key alone would not find " +
			"payments: there gappolicy error refuses, ignore goes on, and wrap returns the oldest address that was handed out before and never paid. " +
			"Of an address behind the gap limit, payments count that are mined after the call, and none before, unless spvd runs with searchnewaddresses; older ones are found when the account's later addresses are used, or by rescanwallet.",
		Params: []param{
			{name: "account", kind: kindString, optional: true, def: exampleAccount, text: "The name of the account."},
			{name: "gappolicy", kind: kindString, optional: true, def: gapError, text: "What to do at the gap limit: error, ignore or wrap."},
		},
		Result:  "the address",
		Returns: []any{""},
		Example: `["` + exampleAccount + `","ignore"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			switch policy := c.str("gappolicy"); policy {
			case "", gapError:
				return c.newAddress(ctx, wallet.External, wallet.GapRefuse)
			case gapIgnore:
				return c.newAddress(ctx, wallet.External, wallet.GapIgnore)
			case gapWrap:
				return c.newAddress(ctx, wallet.External, wallet.GapWrap)
			default:
				return nil, fail(api.CodeInvalid, "gappolicy is %q, not error, ignore or wrap", shorten([]byte(policy)))
			}
		},
	}
}

// newAddress hands out the next address of a branch of the account that a parameter names.
func (c *Call) newAddress(ctx context.Context, branch uint32, policy wallet.GapPolicy) (any, error) {
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	issued, err := w.NewAddress(ctx, c.str("account"), branch, policy)
	return issued.Address, err
}

func getRawChangeAddress() Method {
	return Method{
		Name:    "getrawchangeaddress",
		Summary: "Hands out the next unused change address of an account.",
		Params: []param{
			{name: "account", kind: kindString, optional: true, def: exampleAccount, text: "The name of the account."},
		},
		Result:  "the address",
		Returns: []any{""},
		Example: `["` + exampleAccount + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			return c.newAddress(ctx, wallet.Internal, wallet.GapIgnore)
		},
	}
}

func getAccount() Method {
	return Method{
		Name:    "getaccount",
		Reads:   true,
		Summary: "Returns the account of a watched address.",
		Params:  []param{{name: "address", kind: kindString, text: "The address."}},
		Result:  "the name of the account",
		Returns: []any{""},
		Example: `["` + exampleAddress + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			info, err := c.ownAddress(ctx)
			return info.Account, err
		},
	}
}

// ownAddress returns what is known about the parameter address, which has to be
// watched.
func (c *Call) ownAddress(ctx context.Context) (wallet.AddressInfo, error) {
	address, err := c.address("address")
	if err != nil {
		return wallet.AddressInfo{}, err
	}
	w, err := c.open()
	if err != nil {
		return wallet.AddressInfo{}, err
	}
	info, err := w.AddressInfo(ctx, address)
	if err == nil && !info.Mine {
		err = fail(api.CodeNotFound, "address %s is not watched", address)
	}
	return info, err
}

func getAddressesByAccount() Method {
	return Method{
		Name:    "getaddressesbyaccount",
		Reads:   true,
		Summary: "Returns the addresses of an account that were handed out or used.",
		Params:  []param{accountParam()},
		Result:  "an array of addresses",
		Returns: []any{[]string{}},
		Example: `["` + exampleAccount + `"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			addresses, err := w.Addresses(c.str("account"))
			return append([]string{}, addresses...), err
		},
	}
}

func getReceivedByAddress() Method {
	return Method{
		Name:    "getreceivedbyaddress",
		Reads:   true,
		Summary: "Returns what was ever paid to a watched address, spent since or not.",
		Params:  []param{{name: "address", kind: kindString, text: "The address."}, minConfParam()},
		Result:  "an amount in coins",
		Returns: []any{api.Amount(0)},
		Example: `["` + exampleAddress + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			info, err := c.ownAddress(ctx)
			if err != nil {
				return nil, err
			}
			return c.receivedBy(ctx, info.Address)
		},
	}
}

// receivedBy returns what was paid to an address.
func (c *Call) receivedBy(ctx context.Context, address string) (api.Amount, error) {
	minConf, err := c.count("minconf")
	if err != nil {
		return 0, err
	}
	w, err := c.open()
	if err != nil {
		return 0, err
	}
	list, err := w.Received(ctx, minConf, address)
	var sum api.Amount
	for i := range list {
		if list[i].Address == address {
			sum += api.Amount(list[i].Amount)
		}
	}
	return sum, err
}

func listLabels() Method {
	return Method{
		Name:    "listlabels",
		Reads:   true,
		Summary: "Returns the labels of the wallet.",
		Result:  "an object with the label of each address or transaction hash",
		Returns: []any{map[string]string{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			return w.Labels(ctx)
		},
	}
}

func setLabel() Method {
	return Method{
		Name:    "setlabel",
		Keys:    true,
		Summary: "Labels an address or a transaction.",
		Help:    "Lists show the label of an address as label or addresslabel, that of a transaction as label. It need not be the wallet's.",
		Params: []param{
			{name: "address", kind: kindString, text: "The address, or the hash of the transaction."},
			{name: "label", kind: kindString, text: "The label, up to 500 bytes; an empty one removes it."},
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["` + exampleAddress + `","rent"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			return nil, w.SetLabel(ctx, c.str("address"), c.str("label"))
		},
	}
}

func validateAddress() Method {
	return Method{
		Name:    "validateaddress",
		Keys:    true,
		Reads:   true,
		Summary: "Tells whether a text is an address of this network, and what the wallet knows about it.",
		Params:  []param{{name: "address", kind: kindString, text: "The text."}},
		Result:  "an object with dcrwallet's fields",
		Returns: []any{api.AddressInfo{}},
		Example: `["` + exampleAddress + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			addr, err := stdaddr.DecodeAddress(c.str("address"), c.Params.ChainParams)
			if err != nil {
				return api.AddressInfo{Script: stdscript.STNonStandard.String()}, nil
			}
			info, err := c.knownAddress(ctx, addr.String())
			if err != nil {
				return nil, err
			}
			info.IsValid = true
			return info, c.describeAddress(&info, addr)
		},
	}
}

// knownAddress returns what the wallet knows about an address, nothing without a wallet.
func (c *Call) knownAddress(ctx context.Context, addr string) (api.AddressInfo, error) {
	w, err := c.open()
	switch {
	case errors.Is(err, errNoDefault):
		return api.AddressInfo{Address: addr}, nil
	case err != nil:
		return api.AddressInfo{}, err
	}
	info, err := w.AddressInfo(ctx, addr)
	return view.AddressInfo(&info), err
}

// describeAddress fills in what an address itself says, and its redeem script and
// public key if they are known.
func (c *Call) describeAddress(info *api.AddressInfo, addr stdaddr.Address) error {
	version, pay := addr.PaymentScript()
	info.Script = stdscript.DetermineScriptType(version, pay).String()
	info.IsScript = stdscript.IsScriptHashScript(version, pay)
	if key, ok := addr.(stdaddr.SerializedPubKeyer); ok {
		info.PubKey, info.PubKeyAddr = hex.EncodeToString(key.SerializedPubKey()), addr.String()
	} else if _, ok := addr.(*stdaddr.AddressPubKeyHashEcdsaSecp256k1V0); ok && info.PubKey != "" {
		named, err := c.keyAddress(info.PubKey)
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
	kind, addrs := stdscript.ExtractAddrs(version, redeem, c.Params.ChainParams)
	info.Script, info.Addresses = kind.String(), encodeAddrs(addrs)
	if kind == stdscript.STMultiSig {
		info.SigsRequired = int32(stdscript.DetermineRequiredSigs(version, redeem))
	}
	return nil
}

// keyAddress returns the address of a public key in hex.
func (c *Call) keyAddress(text string) (string, error) {
	key, err := hex.DecodeString(text)
	if err != nil {
		return "", err
	}
	addr, err := stdaddr.NewAddressPubKeyEcdsaSecp256k1V0Raw(key, c.Params.ChainParams)
	if err != nil {
		return "", err
	}
	return addr.String(), nil
}
