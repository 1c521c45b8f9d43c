package method

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// addressMethods returns the methods about addresses and what is imported.
func addressMethods() []Method {
	return []Method{
		getNewAddress(),
		getRawChangeAddress(),
		getAccount(),
		getAddressesByAccount(),
		getReceivedByAddress(),
		importAddress(),
		importAddresses(),
		importPubKey(),
		importScript(),
		importScripts(),
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

func importAddress() Method {
	return Method{
		Name:    "importaddress",
		Keys:    true,
		Summary: "Watches a single address of any standard type.",
		Help: "It returns at once; payments are searched for while the chain is followed, see listjobs. A private key is refused, " +
			"and neither kept nor logged.",
		Params: []param{
			{name: "address", kind: kindString, text: "The address: of a public key, its hash, or the hash of a script."},
			{name: "label", kind: kindString, optional: true, def: "", text: "A label for it."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["` + exampleAddress + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			born, err := c.scanFrom()
			if err != nil {
				return nil, err
			}
			return nil, c.Wallets.Import(c.caller.Wallet, func(w *wallet.Wallet) error {
				return w.ImportAddress(ctx, c.str("address"), c.str("label"), born)
			})
		},
	}
}

func importAddresses() Method {
	return Method{
		Name:    "importaddresses",
		Keys:    true,
		Summary: "Watches many addresses of any standard type at once.",
		Help: "They are one write and one search of old blocks: 100,000 take a second, where importaddress takes minutes. All are watched or, with " +
			"an error, none; the error names the number of the bad one. Addresses that are watched already are no error. A private key is " +
			"refused, and neither kept nor logged.",
		Params: []param{
			{name: "addresses", kind: kindStrings, text: "The addresses."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
		},
		Result:  "an object with the numbers of addresses that were not watched before, and that were",
		Returns: []any{api.Imported{}},
		Example: `[["` + exampleAddress + `"]]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			return c.importMany(func(w *wallet.Wallet, born *wallet.Birthday) (wallet.Imported, error) {
				return w.ImportAddresses(ctx, c.strings("addresses"), born)
			})
		},
	}
}

// importMany imports many into the wallet of the call, as its parameters say.
func (c *Call) importMany(do func(w *wallet.Wallet, born *wallet.Birthday) (wallet.Imported, error)) (any, error) {
	born, err := c.scanFrom()
	if err != nil {
		return nil, err
	}
	var done wallet.Imported
	err = c.Wallets.Import(c.caller.Wallet, func(w *wallet.Wallet) (err error) {
		done, err = do(w, born)
		return err
	})
	return api.Imported{New: done.New, Known: done.Known}, err
}

func importScripts() Method {
	return Method{
		Name:    "importscripts",
		Keys:    true,
		Summary: "Watches many scripts at once, as importscript does.",
		Help:    "They are one write and one search of old blocks. All are watched or, with an error, none.",
		Params: []param{
			{name: "scripts", kind: kindStrings, text: "The scripts in hex."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
			{name: "p2sh", kind: kindBool, optional: true, def: true, text: "Whether they are redeem scripts, whose hashes are paid to."},
		},
		Result:  "an object with the numbers of scripts that were not watched before, and that were",
		Returns: []any{api.Imported{}},
		Example: `[["51"]]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			texts := c.strings("scripts")
			scripts := make([][]byte, len(texts))
			for i, text := range texts {
				var err error
				if scripts[i], err = hex.DecodeString(text); err != nil {
					return nil, fail(api.CodeInvalid, "script %d of %d is not hex", i+1, len(texts))
				}
			}
			return c.importMany(func(w *wallet.Wallet, born *wallet.Birthday) (wallet.Imported, error) {
				return w.ImportManyScripts(ctx, scripts, c.bool("p2sh"), born)
			})
		},
	}
}

func importPubKey() Method {
	return Method{
		Name:    "importpubkey",
		Keys:    true,
		Summary: "Watches the address of a public key.",
		Help:    "It returns at once; payments are searched for while the chain is followed. A key that is watched already is no error.",
		Params: []param{
			{name: "pubkey", kind: kindString, text: "The public key in hex, compressed."},
			{name: "label", kind: kindString, optional: true, def: importedAccount, text: "The account to import into; there is only one."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["` + examplePubKey + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			key, err := c.bytes("pubkey")
			if err != nil {
				return nil, err
			}
			if label := c.str("label"); label != importedAccount {
				return nil, fail(api.CodeInvalid, "keys are imported into the account %q only", importedAccount)
			}
			born, err := c.scanFrom()
			if err != nil {
				return nil, err
			}
			return nil, c.importKnown(func(w *wallet.Wallet) error {
				_, err := w.ImportPubKey(ctx, key, born)
				return err
			})
		},
	}
}

// importKnown imports something into the wallet of the call. It is no error if that changes
// nothing because it was imported before: clients of dcrwallet import theirs at each start.
func (c *Call) importKnown(do func(w *wallet.Wallet) error) error {
	err := c.Wallets.Import(c.caller.Wallet, do)
	if errors.Is(err, wallet.ErrDuplicate) {
		return nil
	}
	return err
}

// importedAccount is the name under which single addresses are listed.
const importedAccount = "imported"

func rescanParam() param {
	return param{name: "rescan", kind: kindBool, optional: true, def: true,
		text: "Whether to search blocks that are there already; without, only new ones."}
}

func scanFromParam() param {
	return param{name: "scanfrom", kind: kindInt, optional: true, def: int64(-1),
		text: "The first height to search; -1 is the wallet's birthday."}
}

// scanFrom returns the birthday of an import, nil for the wallet's, that the parameters
// rescan, scanfrom and birthday name.
func (c *Call) scanFrom() (*wallet.Birthday, error) {
	birthday, from := c.str("birthday"), c.int("scanfrom")
	tip, err := c.tip()
	switch {
	case err != nil:
		return nil, err
	case birthday != "" && from != -1:
		return nil, fail(api.CodeInvalid, "scanfrom and birthday exclude each other")
	case !c.bool("rescan"):
		return &wallet.Birthday{After: tip}, nil
	case from < -1 || from > int64(tip.Height):
		return nil, fail(api.CodeInvalid, "parameter scanfrom is %d, not a height up to the tip, which is %d", from, tip.Height)
	case from >= 0:
		return &wallet.Birthday{Height: consensus.Height(from)}, nil
	}
	return c.born(birthday)
}

func importScript() Method {
	return Method{
		Name:    "importscript",
		Keys:    true,
		Summary: "Watches payments to the hash of a redeem script, or outputs with a script.",
		Help: "It returns at once; payments are searched for while the chain is followed. With p2sh false the script is that of " +
			"the outputs themselves, whatever it is; in the stake tree it is watched behind a tag as well. A script that is watched already is no error.",
		Params: []param{
			{name: "hex", kind: kindString, text: "The script in hex."},
			rescanParam(), scanFromParam(), birthdayParam(" in place of scanfrom"),
			{name: "p2sh", kind: kindBool, optional: true, def: true, text: "Whether it is a redeem script, whose hash is paid to."},
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["51"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			script, err := c.bytes("hex")
			if err != nil {
				return nil, err
			}
			born, err := c.scanFrom()
			if err != nil {
				return nil, err
			}
			return nil, c.importKnown(func(w *wallet.Wallet) error {
				if !c.bool("p2sh") {
					return w.ImportScript(ctx, script, born)
				}
				_, err := w.ImportRedeemScript(ctx, script, born)
				return err
			})
		},
	}
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
