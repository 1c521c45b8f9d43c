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

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/refwallet"
)

// referenceAccount is what the reference wallet calls its only account.
const referenceAccount = "default"

// testReference: on one full node, with payments, tickets, votes, the treasury and
// reorganisations, spvd answers what the reference wallet answers, field by field. Both
// watch one account by its extended public key.
func (s *stage) testReference(t *testing.T) {
	st := &story{T: t, holder: newHolder(), stage: s, dir: t.TempDir()}
	st.begin()
	c := &contest{story: st, used: make(map[string]bool), seen: make(map[string]bool), methods: make(map[string]bool)}
	c.start()
	st.payments()
	c.compare("payments")
	c.pages()
	c.unmined()
	st.stakes()
	c.compare("tickets, votes and the treasury")
	st.reorganisation()
	c.compare("reorganisations")
	st.disapproval()
	c.compare("a disapproved block")
	c.changes()
	c.refusals(c.questions())
	c.complete()
	c.end()
	st.dex(s.dex) // it has addresses handed out
}

// contest asks both wallets the same questions.
type contest struct {
	*story
	reference *refwallet.Wallet
	used      map[string]bool // accepted differences, by their keys
	seen      map[string]bool // differences that were reported
	methods   map[string]bool // that were asked
	wrong     bool            // parameters are wrong
	stale     bool            // dcrwallet has unmined transactions that cannot be mined
	late      map[dcrutil.Amount]bool
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
	c.stale, c.late = c.isStale(), c.lateRewards()
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
		ask("getreceivedbyaddress", other)
		ask("listaddresstransactions", []string{own})
		ask("listunspent", 1, 9999999, []string{own})
	}
	list = append(list, []question{
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
	}...)
	list = append(list, c.still()...)
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
	c.methods[q.method] = true
	var want, got json.RawMessage
	errWant := c.reference.Call(c.Context(), q.method, &want, q.params...)
	errGot := c.daemon.Call(c.Context(), q.method, &got, ourParams(q.params)...)
	var diffs []difference
	switch both := fmt.Sprintf("dcrwallet: %s, spvd: %s", answerOrError(want, errWant), answerOrError(got, errGot)); {
	case (errWant == nil) != (errGot == nil):
		diffs = append(diffs, difference{field: "/refused", text: both})
	case errorCode(errWant) != errorCode(errGot):
		diffs = append(diffs, difference{"/code", float64(errorCode(errWant)), float64(errorCode(errGot)), both})
	case errWant == nil:
		diffs = differences("", decoded(c.T, want), renamed(decoded(c.T, got)))
	}
	for _, d := range diffs {
		c.report(when, q, &d)
	}
}

// report fails the test for a difference that is not accepted, once for each field.
func (c *contest) report(when string, q question, d *difference) {
	c.Helper()
	for _, a := range acceptedDifferences() {
		if ok, err := path.Match(a.field, d.field); (a.method == q.method || a.method == "*") && err == nil && ok && (a.only == nil || a.only(c, q, d)) {
			c.used[a.key()] = true
			return
		}
	}
	if key := q.method + " " + indexless(d.field); !c.seen[key] {
		c.seen[key] = true
		c.Errorf("%s: %s %v: %s\t%s", when, q.method, q.params, d.field, d.text)
	}
}

// end wants every accepted difference to have been seen: otherwise its line is out of
// date.
func (c *contest) end() {
	c.Helper()
	for _, a := range acceptedDifferences() {
		if !c.used[a.key()] && !a.chance {
			c.Errorf("%s %s is listed as a difference to dcrwallet, and is none: %s", a.method, a.field, a.why)
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

// difference is where two answers differ: the path of the field, and both values. Of an entry
// that a list lacks, or has in addition, the other value is nil.
type difference struct {
	field     string
	want, got any
	text      string
}

// differences returns what the second value lacks or has otherwise than the first. Further
// fields are no difference.
func differences(at string, want, got any) []difference {
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		var list []difference
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
	return []difference{{at, want, got, fmt.Sprintf("dcrwallet: %s, spvd: %s", short(want), short(got))}}
}

// listDifferences compares lists without regard to their order, which dcrwallet leaves to
// chance within a block: entries are paired by what names them.
func listDifferences(at string, want, got []any) []difference {
	rest := slices.Clone(got)
	var list []difference
	for _, w := range want {
		i := slices.IndexFunc(rest, func(g any) bool { return nameOf(g) == nameOf(w) })
		if i < 0 {
			list = append(list, difference{at + "/missing", w, nil, fmt.Sprintf("dcrwallet: %s, of %d; spvd has %d", short(w), len(want), len(got))})
			continue
		}
		list = append(list, differences(at+"/0", w, rest[i])...)
		rest = slices.Delete(rest, i, i+1)
	}
	for _, g := range rest {
		list = append(list, difference{at + "/added", nil, g, fmt.Sprintf("spvd: %s, of %d; dcrwallet has %d", short(g), len(got), len(want))})
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
		return fmt.Sprintf("error %v (%d)", err, errorCode(err))
	}
	return string(raw[:min(len(raw), 300)])
}
