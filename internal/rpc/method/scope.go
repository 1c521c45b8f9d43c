package method

import (
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
)

// scope is what a method is about, which decides whether clients that may use some wallets only
// may call it.
type scope uint8

const (
	ofDaemon scope = iota // the daemon, or all wallets: these clients may not call it
	ofChain               // the chain, which is public
	ofWallet              // the wallet of the call, and no other
)

// scopeOf returns the scope of a method. What is not listed is the daemon's.
func scopeOf(name string) scope {
	switch name {
	case "createmultisig", "createrawtransaction", "decoderawtransaction", "decodescript", "estimatesmartfee", "getbestblock",
		"getbestblockhash", "getblock", "getblockchaininfo", "getblockcount", "getblockhash", "getblockheader", "getcfilterv2",
		"getchaintips", "getconnectioncount", "getcurrentnet", "getdifficulty", "getheaders", "getwalletfee", "help", "notifyblocks",
		"rpc.discover", "stopnotifyblocks", "syncstatus", "unsubscribe", "validatepredcp0005cf", "verifymessage", "version":
		return ofChain
	case "abandontransaction", "accountaddressindex", "accountunlocked", "auditreuse", "buildtransaction", "canceljob",
		"checktransaction", "createnewaccount", "discoverusage", "exportwallet", "fundrawtransaction", "getaccount",
		"getaddressesbyaccount", "getbalance", "getinfo", "getjob", "getmasterpubkey", "getmultisigoutinfo", "getnewaddress",
		"getrawchangeaddress", "getreceivedbyaccount", "getreceivedbyaddress", "getstakeinfo", "gettickets", "gettransaction",
		"gettxout", "getunconfirmedbalance", "importaddress", "importaddresses", "importpubkey", "importscript", "importscripts",
		"importxpub", "listaccounts", "listaddresstransactions", "listalltransactions", "listjobs", "listlabels",
		"listlockunspent", "listpublished", "listreceivedbyaccount", "listreceivedbyaddress", "listsinceblock",
		"listtransactions", "listunspent", "listwallets", "lockunspent", "renameaccount", "rescanwallet", "sendrawtransaction",
		"setlabel", "subscribe", "ticketinfo", "validateaddress", "verifyvotes", "walletinfo":
		return ofWallet
	}
	return ofDaemon
}

// limited reports whether the client may use some wallets only.
func (c *Caller) limited() bool { return c.Wallets != nil }

// mayUse reports whether the client may use a wallet.
func (c *Caller) mayUse(name string) bool { return !c.limited() || slices.Contains(c.Wallets, name) }

// forbids returns why the client may not call a method, nil if it may.
func (c *Caller) forbids(m *Method) error {
	switch {
	case !m.Reads && c.ReadOnly:
		return fail(api.CodeForbidden, "the read-only user may not call %s", m.Name)
	case c.limited() && scopeOf(m.Name) == ofDaemon:
		return fail(api.CodeForbidden, "a user of wallets may not call %s", m.Name)
	case !c.mayUse(c.Wallet):
		return fail(api.CodeForbidden, "this user may not use the wallet in the path of the request")
	}
	return nil
}
