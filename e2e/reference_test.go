package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/refwallet"
)

// referenceAccount is what the reference wallet calls its only account.
const referenceAccount = "default"

// accepted is a difference to the reference wallet that is meant.
type accepted struct {
	method string
	field  string // pattern of path.Match for the path of the field; empty: the answer as such
	why    string
	chance bool // it depends on the lottery whether it shows
}

// testReference: on one full node, with payments, tickets, votes, the treasury and
// reorganisations, spvd answers what the reference wallet answers, field by field. Both
// watch one account by its extended public key.
func (s *stage) testReference(t *testing.T) {
	st := &story{T: t, holder: newHolder(), stage: s, dir: t.TempDir()}
	st.begin()
	c := &contest{story: st, used: make(map[accepted]bool), seen: make(map[string]bool)}
	c.start()
	st.payments()
	c.compare("payments")
	st.stakes()
	c.compare("tickets, votes and the treasury")
	st.reorganisation()
	c.compare("reorganisations")
	st.disapproval()
	c.compare("a disapproved block")
	c.end()
	st.dex(s.dex) // it has addresses handed out
}

// contest asks both wallets the same questions.
type contest struct {
	*story
	reference *refwallet.Wallet
	used      map[accepted]bool
	seen      map[string]bool // differences that were reported
	asked     int
}

// start runs the reference wallet.
func (c *contest) start() {
	c.Helper()
	w, err := refwallet.Start(c.Context(), refwallet.Config{
		Program: c.stage.reference, Dir: c.T.TempDir(), Xpub: c.accounts[savings].Xpub(), Node: c.a.Access(),
	})
	if err != nil {
		c.Fatal(err)
	}
	c.reference = w
	c.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if c.Failed() {
			c.Logf("the log of dcrwallet:\n%s", w.Output())
		}
		_ = w.Stop(ctx) // it has no state that matters
	})
}

// await waits until both wallets are at the tip of the node.
func (c *contest) awaitBoth() {
	c.Helper()
	c.await()
	tip, err := c.a.Best(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	ctx := deadline(c.T)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var best struct{ Hash string }
		var sync struct{ Synced bool }
		err := errors.Join(c.reference.Call(ctx, "getbestblock", &best), c.reference.Call(ctx, "syncstatus", &sync))
		if err == nil && best.Hash == tip.Hash.String() && sync.Synced {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.Fatalf("dcrwallet is at %s, synced %v, not at %v: %v", best.Hash, sync.Synced, tip.Hash, err)
		}
	}
}

// compare asks all questions that both wallets answer.
func (c *contest) compare(when string) {
	c.Helper()
	c.awaitBoth()
	for _, q := range c.questions() {
		c.ask(when, q)
	}
}

// question is a call.
type question struct {
	method string
	params []any
}

// questions returns what to ask about the wallet as it is.
func (c *contest) questions() []question {
	c.Helper()
	var list []question
	ask := func(method string, params ...any) { list = append(list, question{method, params}) }
	book := c.book(c.T, c.a)
	for _, minConf := range []int{0, 1, 2, 6, 40} {
		ask("getbalance", "*", minConf)
		ask("getbalance", referenceAccount, minConf)
		ask("listunspent", minConf)
		ask("getreceivedbyaccount", referenceAccount, minConf)
		ask("listaccounts", minConf)
		ask("listreceivedbyaddress", minConf)
		ask("listreceivedbyaccount", minConf)
	}
	for _, page := range [][2]int{{10, 0}, {3, 2}, {1, 7}, {1000, 0}, {5, 1000}} {
		ask("listtransactions", "*", page[0], page[1])
	}
	ask("listsinceblock")
	ask("listalltransactions")
	for _, tx := range book.Transactions() {
		ask("gettransaction", tx.TxID)
	}
	txs := book.Transactions()
	ask("listsinceblock", txs[len(txs)/2].BlockHash)
	ask("listsinceblock", txs[len(txs)/2].BlockHash, 6)
	for _, coin := range book.Coins(savings) {
		ask("gettxout", coin.Op.Hash.String(), coin.Op.Index, coin.Op.Tree)
		ask("gettxout", coin.Op.Hash.String(), coin.Op.Index, 1-coin.Op.Tree)
	}
	for i := range 3 {
		own := c.key(c.T, savings, keys.External, 19*i).Address()
		other := c.key(c.T, spending, keys.External, i).Address()
		ask("validateaddress", own)
		ask("validateaddress", other)
		ask("getaccount", own)
		ask("getreceivedbyaddress", own)
		ask("listaddresstransactions", []string{own})
		ask("listunspent", 1, 9999999, []string{own})
	}
	for _, bad := range []question{
		{"validateaddress", []any{"nonsense"}},
		{"getaccount", []any{"nonsense"}},
		{"getbalance", []any{"no such account"}},
		{"listunspent", []any{1, 9999999, []string{}, "no such account"}},
		{"gettransaction", []any{strings.Repeat("0", 64)}},
		{"gettransaction", []any{"xyz"}},
		{"gettxout", []any{strings.Repeat("0", 64), 0, 0}},
		{"getblockhash", []any{1 << 20}},
		{"getblockheader", []any{strings.Repeat("0", 64)}},
		{"getreceivedbyaddress", []any{"nonsense"}},
	} {
		list = append(list, bad)
	}
	ask("getunconfirmedbalance", referenceAccount)
	ask("getaddressesbyaccount", referenceAccount)
	ask("accountaddressindex", referenceAccount, 0)
	ask("accountaddressindex", referenceAccount, 1)
	ask("getmasterpubkey", referenceAccount)
	ask("accountunlocked", referenceAccount)
	ask("getblockcount")
	ask("getbestblock")
	ask("getbestblockhash")
	ask("getcurrentnet")
	ask("getinfo")
	ask("walletinfo")
	ask("getwalletfee")
	ask("getstakeinfo")
	ask("gettickets", true)
	ask("listlockunspent")
	ask("validatepredcp0005cf")
	ask("syncstatus")
	for _, height := range []int{0, 1, 150, 331} {
		ask("getblockhash", height)
	}
	best, err := c.a.Best(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	tip := best.Hash.String()
	ask("getblockheader", tip)
	ask("getblockheader", tip, false)
	ask("getblock", tip)
	ask("getcfilterv2", tip)
	return list
}

// ask asks one question and compares the answers.
func (c *contest) ask(when string, q question) {
	c.Helper()
	c.asked++
	var want, got json.RawMessage
	errWant := c.reference.Call(c.Context(), q.method, &want, q.params...)
	errGot := c.daemon.Call(c.Context(), q.method, &got, ourParams(q.params)...)
	var diffs []string
	if errorCode(errWant) != errorCode(errGot) || (errWant == nil) != (errGot == nil) {
		diffs = append(diffs, fmt.Sprintf("\tdcrwallet: %s, spvd: %s", answerOrError(want, errWant), answerOrError(got, errGot)))
	} else if errWant == nil {
		diffs = differences("", decoded(c.T, want), renamed(decoded(c.T, got)))
	}
	for _, d := range diffs {
		c.report(when, q, d)
	}
}

// report fails the test for a difference that is not accepted, once for each field.
func (c *contest) report(when string, q question, diff string) {
	c.Helper()
	field, _, _ := strings.Cut(diff, "\t")
	for _, a := range acceptedDifferences() {
		if ok, err := path.Match(a.field, field); a.method == q.method && err == nil && ok {
			c.used[a] = true
			return
		}
	}
	if key := q.method + " " + indexless(field); !c.seen[key] {
		c.seen[key] = true
		c.Errorf("%s: %s %v: %s", when, q.method, q.params, diff)
	}
}

// end wants every accepted difference to have been seen: otherwise its line is out of
// date.
func (c *contest) end() {
	c.Helper()
	for _, a := range acceptedDifferences() {
		if !c.used[a] && !a.chance {
			c.Errorf("%s %s is listed as a difference to dcrwallet, and is none", a.method, a.field)
		}
	}
	c.Logf("%d questions asked", c.asked)
}

// ourParams names the account as spvd knows it.
func ourParams(params []any) []any {
	out := slices.Clone(params)
	for i := range out {
		if out[i] == referenceAccount {
			out[i] = savings
		}
	}
	return out
}

// decoded returns JSON as values.
func decoded(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	if len(raw) == 0 {
		return nil
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// renamed gives the account the name that the reference wallet has for it.
func renamed(v any) any {
	switch v := v.(type) {
	case string:
		if v == savings {
			return referenceAccount
		}
	case []any:
		for i := range v {
			v[i] = renamed(v[i])
		}
	case map[string]any:
		for _, k := range slices.Collect(maps.Keys(v)) {
			value := renamed(v[k])
			if k == savings {
				delete(v, k)
				k = referenceAccount
			}
			v[k] = value
		}
	}
	return v
}

// differences returns what the second value lacks or has otherwise than the first: the
// path of a field, a tab, and both values. Further fields are no difference.
func differences(at string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		var list []string
		for _, k := range slices.Sorted(maps.Keys(want)) {
			list = append(list, differences(at+"/"+k, want[k], g[k])...)
		}
		return list
	case []any:
		g, ok := got.([]any)
		if ok || got == nil {
			return listDifferences(at, want, g)
		}
	case nil:
		if list, ok := got.([]any); ok && len(list) == 0 { // dcrwallet shows an empty list as null
			return nil
		}
	}
	if reflect.DeepEqual(want, got) {
		return nil
	}
	return []string{fmt.Sprintf("%s\tdcrwallet: %s, spvd: %s", at, short(want), short(got))}
}

// listDifferences compares lists without regard to their order, which dcrwallet leaves to
// chance within a block: entries are paired by what names them.
func listDifferences(at string, want, got []any) []string {
	rest := slices.Clone(got)
	var list []string
	for _, w := range want {
		i := slices.IndexFunc(rest, func(g any) bool { return nameOf(g) == nameOf(w) })
		if i < 0 {
			list = append(list, fmt.Sprintf("%s/missing\tdcrwallet: %s, of %d; spvd has %d", at, short(w), len(want), len(got)))
			continue
		}
		list = append(list, differences(at+"/0", w, rest[i])...)
		rest = slices.Delete(rest, i, i+1)
	}
	for _, g := range rest {
		list = append(list, fmt.Sprintf("%s/added\tspvd: %s, of %d; dcrwallet has %d", at, short(g), len(got), len(want)))
	}
	return list
}

// nameOf returns what names an entry of a list.
func nameOf(v any) string {
	fields, ok := v.(map[string]any)
	if !ok {
		return whole(v)
	}
	name := ""
	for _, k := range []string{"txid", "hash", "vout", "tree", "category", "account", "accountname", "address"} {
		if k == "account" && (fields["txid"] != nil || fields["address"] != nil) || k == "address" && fields["txid"] != nil {
			continue
		}
		if f, ok := fields[k]; ok {
			name += fmt.Sprintf("%s=%v ", k, f)
		}
	}
	if amount, ok := fields["amount"].(float64); ok {
		name += fmt.Sprint(amount < 0)
	}
	return name
}

// short returns a value as JSON, cut where it is long.
func short(v any) string {
	s := whole(v)
	if list, ok := v.([]any); ok {
		s = fmt.Sprintf("%d values %s", len(list), s)
	}
	return s[:min(len(s), 400)]
}

// indexless replaces positions in lists by a star.
func indexless(field string) string {
	parts := strings.Split(field, "/")
	for i, p := range parts {
		if p != "" && strings.Trim(p, "0123456789") == "" {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

func errorCode(err error) int64 {
	var e *wsrpc.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if r := refusalOf(err); r != nil {
		return int64(r.Code)
	}
	return 0
}

func answerOrError(raw json.RawMessage, err error) string {
	if err != nil {
		return fmt.Sprintf("error %v", err)
	}
	return string(raw[:min(len(raw), 300)])
}

// acceptedDifferences returns the differences that are meant.
func acceptedDifferences() []accepted {
	return slices.Concat(acceptedTimes(), acceptedLines(), acceptedBalances(), acceptedInfo())
}

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
		conflicts = "spvd tells which transactions gave way, dcrwallet does not"
		stake     = "dcrwallet lists a ticket also as received, and what a vote spends and its empty outputs as sent, with a fee of nothing"
		ticketFee = "dcrwallet counts the fee of a ticket as earned by its vote"
	)
	list := []accepted{
		{method: "gettransaction", field: "/hex", why: placed},
		{method: "gettransaction", field: "/blockindex", why: placed},
		{method: "gettransaction", field: "/type", why: "spvd names regular transactions"},
		{method: "gettransaction", field: "/amount", why: ticketFee},
		{method: "gettransaction", field: "/details/added", why: foreign},
		{method: "gettransaction", field: "/details/missing", why: stake},
		{method: "gettransaction", field: "/details/0/fee", why: stake},
		{method: "gettransaction", field: "/walletconflicts/added", why: conflicts},
	}
	for method, at := range map[string]string{"listtransactions": "", "listalltransactions": "", "listsinceblock": "/transactions"} {
		list = append(list,
			accepted{method: method, field: at + "/added", why: foreign},
			accepted{method: method, field: at + "/missing", why: stake + "; " + inclusive},
			accepted{method: method, field: at + "/0/fee", why: stake},
			accepted{method: method, field: at + "/0/walletconflicts/added", why: conflicts})
	}
	return list
}

// acceptedBalances: what is counted otherwise. A replay of the chain that shares no code with
// spvd gives what spvd says.
func acceptedBalances() []accepted {
	const (
		rewards   = "dcrwallet counts block rewards whatever number of confirmations is asked for"
		few       = "dcrwallet leaves out what has fewer confirmations than asked for"
		authority = "dcrwallet counts the price of tickets that the account may vote with as received"
		stale     = "dcrwallet keeps unmined transactions that a reorganisation has made impossible"
		void      = "dcrwallet counts the rewards of a block that the votes have disapproved of"
		late      = "dcrwallet holds rewards back one block longer than the network does"
	)
	return []accepted{
		{method: "getbalance", field: "/balances/0/unconfirmed", why: few},
		{method: "getbalance", field: "/balances/0/spendable", why: rewards},
		{method: "getbalance", field: "/totalspendable", why: rewards},
		{method: "listaccounts", field: "/default", why: rewards},
		{method: "getbalance", field: "/balances/0/total", why: stale},
		{method: "getbalance", field: "/cumulativetotal", why: stale},
		{method: "getbalance", field: "/totalunconfirmed", why: stale},
		{method: "listunspent", field: "/missing", why: stale},
		{method: "listreceivedbyaccount", field: "/0/confirmations", why: stale},
		{method: "getbalance", field: "/balances/0/immaturecoinbaserewards", why: void},
		{method: "getbalance", field: "/totalimmaturecoinbaserewards", why: void},
		{method: "getbalance", field: "/balances/0/immaturestakegeneration", why: late, chance: true},
		{method: "getbalance", field: "/totalimmaturestakegeneration", why: late, chance: true},
		{method: "listunspent", field: "/added", why: late, chance: true},
		{method: "getinfo", field: "/balance", why: late, chance: true},
		{method: "getreceivedbyaccount", field: "", why: authority},
		{method: "listreceivedbyaccount", field: "/0/amount", why: authority},
		{method: "listreceivedbyaddress", field: "/0/amount", why: authority},
		{method: "listreceivedbyaddress", field: "/0/txids/missing", why: authority},
		{method: "listreceivedbyaddress", field: "/0/confirmations", why: authority, chance: true},
		{method: "getreceivedbyaddress", field: "", why: authority, chance: true},
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
		program  = "another program, with peers of its own"
		birth    = "dcrwallet searches from the genesis block, where nothing can be paid"
		refusal  = "spvd says what is wrong, with a code"
	)
	return []accepted{
		{method: "getinfo", field: "/connections", why: program},
		{method: "getinfo", field: "/version", why: program},
		{method: "getinfo", field: "/walletversion", why: program},
		{method: "walletinfo", field: "/spv", why: program},
		{method: "walletinfo", field: "/birthhash", why: birth},
		{method: "walletinfo", field: "/birthheight", why: birth},
		{method: "walletinfo", field: "/votebits", why: noKeys},
		{method: "walletinfo", field: "/votebitsextended", why: noKeys},
		{method: "walletinfo", field: "/voteversion", why: noKeys},
		{method: "getstakeinfo", field: "/live", why: noSource},
		{method: "getstakeinfo", field: "/missed", why: noSource},
		{method: "getstakeinfo", field: "/proportionlive", why: noSource},
		{method: "getstakeinfo", field: "/proportionmissed", why: noSource},
		{method: "listunspent", field: "", why: refusal},
		{method: "getblockhash", field: "", why: refusal},
	}
}
