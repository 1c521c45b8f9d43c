package e2e

import (
	"math"
	"slices"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/e2e/keys"
)

// accepted is a difference to the reference wallet that is meant.
type accepted struct {
	method string // * for all
	field  string // pattern of path.Match for the path of the field; empty: the answer as such
	why    string
	only   func(c *contest, q question, d *difference) bool // which ones; nil for all
	chance bool                                             // it depends on the lottery whether it shows
}

// key names an accepted difference.
func (a *accepted) key() string { return a.method + " " + a.field + " " + a.why }

// acceptedDifferences returns the differences that are meant.
func acceptedDifferences() []accepted {
	return slices.Concat(acceptedTimes(), acceptedLines(), acceptedBalances(), acceptedInfo(), acceptedRefusals())
}

// Reasons that several tables name.
const (
	whyAuthority = "dcrwallet counts the price of tickets that the account may vote with as received"
	whyStale     = "dcrwallet keeps unmined transactions that a reorganisation has made impossible"
	whyLate      = "dcrwallet holds rewards back one block longer than the network does"
)

// acceptedTimes: dcrwallet shows when it heard of a transaction, spvd when it was mined, so
// that a restored wallet shows the same.
func acceptedTimes() []accepted {
	var list []accepted
	for method, at := range map[string]string{
		"listtransactions": "/0", "listalltransactions": "/0", "listaddresstransactions": "/0",
		"listsinceblock": "/transactions/0", "gettransaction": "",
	} {
		list = append(list, accepted{method: method, field: at + "/time", why: "the time of its block"},
			accepted{method: method, field: at + "/timereceived", why: "the time of its block"})
	}
	return list
}

// acceptedLines: what lists show otherwise.
func acceptedLines() []accepted {
	const (
		placed    = "spvd tells where in its block a transaction stands"
		foreign   = "what others pay to a change address is no change"
		inclusive = "dcrwallet repeats the transactions of the block itself"
		older     = "spvd also lists what it has found in older blocks since the block was the newest"
		conflicts = "spvd tells which transactions gave way, dcrwallet does not"
		stake     = "dcrwallet lists a ticket also as received, and what a vote spends and its empty outputs as sent, with a fee of nothing"
		ticketFee = "dcrwallet counts the fee of a ticket as earned by its vote"
		page      = "the order in a block is left to chance by dcrwallet, and what it keeps or leaves out moves the page"
	)
	list := []accepted{
		{method: "gettransaction", field: "/hex", why: placed},
		{method: "gettransaction", field: "/blockindex", why: placed},
		{method: "gettransaction", field: "/type", why: "spvd names regular transactions"},
		{method: "gettransaction", field: "/amount", why: ticketFee},
		{method: "gettransaction", field: "/details/added", why: foreign, only: (*contest).toChange},
		{method: "gettransaction", field: "/details/added", why: whyLate, only: (*contest).lateReward, chance: true},
		{method: "gettransaction", field: "/details/missing", why: whyLate, only: (*contest).lateReward, chance: true},
		{method: "gettransaction", field: "/details/missing", why: stake},
		{method: "gettransaction", field: "/details/0/fee", why: stake},
		{method: "gettransaction", field: "/walletconflicts/added", why: conflicts},
		{method: "listsinceblock", field: "/transactions/missing", why: inclusive, only: (*contest).ofTheBlock},
		{method: "listsinceblock", field: "/transactions/added", why: older, only: (*contest).notAboveTheBlock},
		{method: "listtransactions", field: "/missing", why: page, only: (*contest).ofAPage},
		{method: "listtransactions", field: "/added", why: page, only: (*contest).ofAPage},
	}
	for method, at := range map[string]string{"listtransactions": "", "listalltransactions": "", "listsinceblock": "/transactions"} {
		list = append(list,
			accepted{method: method, field: at + "/added", why: foreign, only: (*contest).toChange},
			accepted{method: method, field: at + "/added", why: whyLate, only: (*contest).lateReward, chance: true},
			accepted{method: method, field: at + "/missing", why: whyLate, only: (*contest).lateReward, chance: true},
			accepted{method: method, field: at + "/missing", why: stake, only: (*contest).ofAStake},
			accepted{method: method, field: at + "/missing", why: whyStale, only: (*contest).unminedAndStale},
			accepted{method: method, field: at + "/0/fee", why: stake},
			accepted{method: method, field: at + "/0/walletconflicts/added", why: conflicts})
	}
	return list
}

// acceptedBalances: what is counted otherwise. A replay of the chain that shares no code with
// spvd gives what spvd says.
func acceptedBalances() []accepted {
	const (
		rewards = "dcrwallet counts block rewards whatever number of confirmations is asked for"
		few     = "dcrwallet leaves out what has fewer confirmations than asked for"
		void    = "dcrwallet counts the rewards of a block that the votes have disapproved of"
		tickets = "dcrwallet counts tickets that wait for a block whatever number of confirmations is asked for"
	)
	return []accepted{
		{method: "gettxout", field: "", why: "what an unmined transaction spends is not unspent", only: (*contest).beingSpent},
		{method: "getbalance", field: "/balances/*/unconfirmed", why: few, only: (*contest).asksForMore},
		{method: "getbalance", field: "/balances/*/unconfirmed", why: whyStale, only: (*contest).isNowStale},
		{method: "getbalance", field: "/balances/*/spendable", why: rewards, only: (*contest).asksForMore},
		{method: "getbalance", field: "/balances/*/spendable", why: whyStale, only: (*contest).isNowStale},
		{method: "getbalance", field: "/totalspendable", why: rewards, only: (*contest).asksForMore},
		{method: "getbalance", field: "/totalspendable", why: whyStale, only: (*contest).isNowStale},
		{method: "getbalance", field: "/balances/*/total", why: whyStale, only: (*contest).isNowStale},
		{method: "getbalance", field: "/cumulativetotal", why: whyStale, only: (*contest).isNowStale},
		{method: "getbalance", field: "/totalunconfirmed", why: whyStale, only: (*contest).isNowStale},
		{method: "getbalance", field: "/totalunconfirmed", why: few, only: (*contest).asksForMore},
		{method: "getbalance", field: "/balances/*/spendable", why: whyLate, only: (*contest).lateSum, chance: true},
		{method: "getbalance", field: "/totalspendable", why: whyLate, only: (*contest).lateSum, chance: true},
		{method: "listaccounts", field: "/*", why: whyLate, only: (*contest).lateSum, chance: true},
		{method: "getbalance", field: "/balances/*/immaturecoinbaserewards", why: void},
		{method: "getbalance", field: "/totalimmaturecoinbaserewards", why: void},
		{method: "getbalance", field: "/balances/*/immaturestakegeneration", why: whyLate, chance: true},
		{method: "getbalance", field: "/totalimmaturestakegeneration", why: whyLate, chance: true},
		{method: "getbalance", field: "/balances/*/lockedbytickets", why: tickets, only: (*contest).ticketsWait},
		{method: "getbalance", field: "/balances/*/votingauthority", why: tickets, only: (*contest).ticketsWait},
		{method: "getbalance", field: "/totallockedbytickets", why: tickets, only: (*contest).ticketsWait},
		{method: "getbalance", field: "/totalvotingauthority", why: tickets, only: (*contest).ticketsWait},
		{method: "listaccounts", field: "/*", why: rewards, only: (*contest).asksForMore},
		{method: "listaccounts", field: "/*", why: whyStale, only: (*contest).isNowStale},
		{method: "listunspent", field: "/missing", why: whyStale, only: (*contest).unminedAndStale},
		{method: "listunspent", field: "/added", why: whyLate, only: (*contest).lateReward, chance: true},
		{method: "listreceivedbyaccount", field: "/0/confirmations", why: whyStale, only: (*contest).isNowStale},
		{method: "getinfo", field: "/balance", why: whyLate, only: (*contest).lateSum, chance: true},
		{method: "getreceivedbyaccount", field: "", why: whyAuthority},
		{method: "listreceivedbyaccount", field: "/0/amount", why: whyAuthority},
		{method: "listreceivedbyaddress", field: "/0/amount", why: whyAuthority},
		{method: "listreceivedbyaddress", field: "/0/txids/missing", why: whyAuthority},
		{method: "listreceivedbyaddress", field: "/0/confirmations", why: whyAuthority, chance: true},
		{method: "getreceivedbyaddress", field: "", why: whyAuthority, chance: true},
		{method: "auditreuse", field: "/*/missing", why: whyAuthority},
		{method: "listreceivedbyaddress", field: "/missing", why: "spvd lists addresses that were never paid only when asked to"},
		{method: "listreceivedbyaddress", field: "/0/account", why: "dcrwallet names no account"},
		{method: "getunconfirmedbalance", field: "", why: "dcrwallet counts what is immature"},
	}
}

// acceptedInfo: what is said of the programs themselves.
func acceptedInfo() []accepted {
	const (
		noKeys   = "spvd has no keys, and votes on nothing"
		noSource = "dcrwallet asks its full node; a light client does not know"
		noBlocks = "a light client stores no blocks"
		pinned   = "spvd follows pinned rules and counts no votes"
		program  = "another program, with peers of its own"
		birth    = "dcrwallet searches from the genesis block, where nothing can be paid"
		lottery  = "dcrwallet does not say whether a ticket is live; one that is missed is revoked by the same block (DCP0009)"
	)
	return []accepted{
		{method: "getinfo", field: "/connections", why: program},
		{method: "getinfo", field: "/version", why: program},
		{method: "getinfo", field: "/walletversion", why: program},
		{method: "version", field: "/dcr*", why: program},
		{method: "walletinfo", field: "/spv", why: program},
		{method: "walletinfo", field: "/birthhash", why: birth},
		{method: "walletinfo", field: "/birthheight", why: birth},
		{method: "walletinfo", field: "/votebits", why: noKeys},
		{method: "walletinfo", field: "/votebitsextended", why: noKeys},
		{method: "walletinfo", field: "/voteversion", why: noKeys},
		{method: "ticketinfo", field: "/0/choices/missing", why: noKeys},
		{method: "ticketinfo", field: "/0/status", why: lottery, only: unspentIsLive, chance: true},
		{method: "getstakeinfo", field: "/allmempooltix", why: noSource, only: (*contest).ticketsWait},
		{method: "getblockchaininfo", field: "/deployments/*", why: pinned},
		{method: "getblockchaininfo", field: "/initialblockdownload", why: "each program's own", chance: true},
		{method: "getchaintips", field: "/0/status", why: noBlocks},
		{method: "getaddressesbyaccount", field: "/added", why: "a key that is imported has two addresses: its own, and that of its hash"},
	}
}

// acceptedRefusals: what one of them refuses, or with another code.
func acceptedRefusals() []accepted {
	const (
		refusal = "dcrwallet has codes for few errors, spvd has for all"
		unknown = "dcrwallet lists nothing for an account that is not there"
		hashes  = "dcrwallet fills up short hashes with zeroes, spvd wants all digits"
		numbers = "spvd refuses values that nothing can have, such as negative numbers of confirmations"
		sums    = "spvd sums over all accounts for *"
	)
	list := []accepted{
		{method: "getreceivedbyaccount", field: "/refused", why: sums, only: ofAllAccounts},
		{method: "getunconfirmedbalance", field: "/refused", why: sums, only: ofAllAccounts},
		{method: "getreceivedbyaddress", field: "/refused", why: "dcrwallet says that an address which it does not watch has received nothing"},
		{method: "getmasterpubkey", field: "/refused", why: "dcrwallet always has an account of the name default"},
		{method: "getheaders", field: "/refused", why: "spvd lets the last hash be left out"},
		{method: "listtransactions", field: "/code", why: "dcrwallet lists no single account"},
		{method: "listunspent", field: "/refused", why: unknown},
		{method: "renameaccount", field: "/refused", why: "an account may have the name that it has"},
	}
	for _, method := range []string{
		"getblockhash", "createmultisig", "verifymessage", "abandontransaction", "getmultisigoutinfo", "importpubkey", "importxpub",
		"discoverusage", "getvotechoices", "renameaccount",
	} {
		list = append(list, accepted{method: method, field: "/code", why: refusal})
	}
	return append(list, []accepted{
		{method: "*", field: "/code", why: "dcrwallet calls parameters that do not decode an invalid request, dcrd calls them invalid", only: undecoded},
		{method: "*", field: "/code", why: hashes, only: refusedAs(noHash)},
		{method: "*", field: "/refused", why: hashes, only: refusedAs(noHash)},
		{method: "*", field: "/code", why: numbers, only: refusedAs(badValue)},
		{method: "*", field: "/refused", why: numbers, only: refusedAs(badValue)},
	}...)
}

// undecoded reports whether both say that parameters do not decode, each with its code.
func undecoded(c *contest, _ question, d *difference) bool {
	return c.wrong && (d.want == -32600.0 || d.want == -8.0) && d.got == -32602.0
}

// Codes of errors that only spvd has for some parameters.
const (
	badValue = -8
	noHash   = -22
)

// refusedAs returns a function that reports whether spvd refuses wrong parameters with a code.
func refusedAs(code float64) func(*contest, question, *difference) bool {
	return func(c *contest, _ question, d *difference) bool { return c.wrong && d.got == code }
}

// ofAllAccounts reports whether all accounts were asked for by a star.
func ofAllAccounts(_ *contest, q question, _ *difference) bool { return q.params[0] == "*" }

// entry returns the entry of a list that one of two answers lacks.
func (d *difference) entry() map[string]any {
	for _, v := range []any{d.want, d.got} {
		if fields, ok := v.(map[string]any); ok {
			return fields
		}
	}
	return nil
}

// ofAStake reports whether a line is one of those that dcrwallet has for a ticket, a vote or a
// revocation.
func (c *contest) ofAStake(_ question, d *difference) bool {
	e := d.entry()
	return e["category"] == "send" && e["txtype"] != "regular" || e["category"] == "receive" && e["txtype"] == "ticket"
}

// unminedAndStale reports whether an entry is of a transaction that only dcrwallet has, unmined.
func (c *contest) unminedAndStale(_ question, d *difference) bool {
	return c.stale && d.entry()["confirmations"] == float64(0)
}

// isNowStale reports whether dcrwallet has unmined transactions that cannot be mined.
func (c *contest) isNowStale(question, *difference) bool { return c.stale }

// lateReward reports whether an entry is of a reward that the network lets be spent since this
// block. Details have no confirmations.
func (c *contest) lateReward(_ question, d *difference) bool {
	e := d.entry()
	confirmations, listed := e["confirmations"]
	return confirmations == float64(16) || !listed && (e["category"] == "immature" || e["category"] == "generate")
}

// lateSum reports whether spvd counts more than dcrwallet by the rewards of an account, or of all,
// that the network lets be spent since this block.
func (c *contest) lateSum(_ question, d *difference) bool {
	want, ok := d.want.(float64)
	got, ok2 := d.got.(float64)
	return ok && ok2 && c.late[dcrutil.Amount(math.Round((got-want)*1e8))]
}

// ticketType is the txtype of listunspent that tickets have, one more than what is regular.
const ticketType = 1

// lateRewards returns the sums of the rewards that the network lets be spent since this block, of
// each account and of all.
func (c *contest) lateRewards() map[dcrutil.Amount]bool {
	c.Helper()
	var list []struct {
		TxID         string
		Vout         uint32
		Tree, TxType int8
		Account      string
		Amount       float64
	}
	if err := c.daemon.Call(c.Context(), "listunspent", &list, 16, 16); err != nil {
		c.Fatal(err)
	}
	by, all := make(map[string]dcrutil.Amount), dcrutil.Amount(0)
	for _, o := range list {
		var out struct{ Coinbase bool }
		if err := c.daemon.Call(c.Context(), "gettxout", &out, o.TxID, o.Vout, o.Tree); err != nil {
			c.Fatal(err)
		}
		if o.TxType <= ticketType && !out.Coinbase {
			continue // a payment, or the change of a ticket
		}
		amount := dcrutil.Amount(math.Round(o.Amount * 1e8))
		by[o.Account] += amount
		all += amount
	}
	sums := map[dcrutil.Amount]bool{all: true}
	for _, sum := range by {
		sums[sum] = true
	}
	return sums
}

// unspentIsLive reports whether only spvd says that a ticket that is not spent is live.
func unspentIsLive(_ *contest, _ question, d *difference) bool {
	return d.want == "unspent" && d.got == "live"
}

// toChange reports whether an entry pays a change address.
func (c *contest) toChange(_ question, d *difference) bool {
	e := d.entry()
	for _, a := range c.watch.Accounts {
		for _, change := range a.Branches[keys.Internal] {
			if e["category"] == "receive" && e["address"] == change.Address {
				return true
			}
		}
	}
	return false
}

// ofTheBlock reports whether a line of listsinceblock is of the block that it was asked with.
func (c *contest) ofTheBlock(q question, d *difference) bool {
	return len(q.params) > 0 && d.entry()["blockhash"] == q.params[0]
}

// notAboveTheBlock reports whether a line of listsinceblock is of a block that is not above the one
// that it was asked with.
func (c *contest) notAboveTheBlock(q question, d *difference) bool {
	height, ok := d.entry()["blockheight"].(float64)
	if !ok || len(q.params) == 0 {
		return false
	}
	var header struct {
		Height float64 `json:"height"`
	}
	err := c.a.Call(c.Context(), "getblockheader", &header, q.params[0])
	return err == nil && height <= header.Height
}

// ofAPage reports whether listtransactions was asked for some of the lines.
func (c *contest) ofAPage(q question, _ *difference) bool {
	return len(q.params) < 2 || q.params[1] != 1000
}

// beingSpent reports whether gettxout was asked, with the mempool, for an output that only
// dcrwallet calls unspent, while something is unmined.
func (c *contest) beingSpent(q question, d *difference) bool {
	waiting, err := c.a.Mempool(c.Context())
	return err == nil && len(waiting) > 0 && len(q.params) == 3 && d.want != nil && d.got == nil
}

// ticketsWait reports whether tickets wait for a block.
func (c *contest) ticketsWait(question, *difference) bool {
	waiting, err := c.a.Mempool(c.Context())
	return err == nil && slices.ContainsFunc(waiting, stake.IsSStx)
}

// asksForMore reports whether more than one confirmation is asked for.
func (c *contest) asksForMore(q question, _ *difference) bool {
	if len(q.params) == 0 {
		return false
	}
	n, ok := q.params[len(q.params)-1].(int)
	return ok && n > 1
}

// isStale reports whether dcrwallet lists an unmined transaction that spvd does not have.
func (c *contest) isStale() bool {
	c.Helper()
	var lines []struct {
		TxID          string
		Confirmations int64
	}
	if err := c.reference.Call(c.Context(), "listalltransactions", &lines); err != nil {
		c.Fatal(err)
	}
	return slices.ContainsFunc(lines, func(l struct {
		TxID          string
		Confirmations int64
	}) bool {
		return l.Confirmations == 0 && c.daemon.Call(c.Context(), "gettransaction", nil, l.TxID) != nil
	})
}
