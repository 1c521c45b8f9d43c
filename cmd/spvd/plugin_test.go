//go:build unix

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/testnet"
)

// object is a JSON object as a script in another language has it.
type object map[string]any

// TestPaymentPlugin makes the calls of a payment plugin in production, in its order
// and as it makes them: it asks for an address, waits until a payment to it is heard
// of, and until that is confirmed twice. It reads the fields that it reads by their
// names, and none of our types.
func TestPaymentPlugin(t *testing.T) {
	o := newOwner(t, 1)
	ns, dir := servePlan(t, 1, o.pay()), t.TempDir()
	d, c := ns.startSynced(t, dir, "--debuglevel=debug", "--account=default="+o.xpub(), "--walletnotify=echo tx %s.")
	plugin := plugin{t, c}
	stranger := c
	stranger.password = "wrong"
	if _, err := stranger.try(t.Context(), "getbalance", "[]", new(any)); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("with a wrong password: %v", err)
	}
	plugin.want("getinfo", "[]", object{"blocks": float64(blocks), "connections": 1.0, "balance": 14.5, "testnet": false, "errors": ""})

	address, _ := o.address(0, 51) // 50 is used
	if got := plugin.call("getnewaddress", `["default","ignore"]`); got != address {
		t.Fatalf("getnewaddress: %v, want %s", got, address)
	}
	plugin.want("validateaddress", fmt.Sprintf("[%q]", address), object{"isvalid": true, "ismine": true, "address": address})
	plugin.want("validateaddress", `["Dsnothing"]`, object{"isvalid": false})
	if lines := plugin.lines("listaddresstransactions", fmt.Sprintf("[[%q]]", address)); len(lines) != 0 {
		t.Errorf("the new address has transactions: %v", lines)
	}

	next := testnet.Plan{}
	paid := next.Pay(blocks+1, o.script(0, 51), 123456789)
	next[blocks+1][0].Msg.TxIn[0].ValueIn += 100_000 // a fee: without one nodes relay nothing
	ns.all[0].AddTx(next[blocks+1][0].Msg)
	told := fmt.Sprintf(`output="tx %v.\n"`, paid.Hash)
	d.awaitTimes(t, told, 1)
	plugin.sees(address, paid.Hash.String(), 0, 5)
	plugin.want("getbalance", "[]", object{"totalspendable": 14.5, "totalunconfirmed": 1.23456789})

	with := ns.chain.Grow(testnet.Branch{At: blocks, Blocks: 1, Seed: 7, Plan: next})
	ns.all[0].SetChain(with)
	d.awaitTimes(t, told, 2)
	plugin.sees(address, paid.Hash.String(), 1, 5)
	later := testnet.Plan{}
	another := later.Pay(blocks+2, o.script(0, 52), 1e8)
	ns.all[0].SetChain(with.Grow(testnet.Branch{At: blocks + 1, Blocks: 1, Seed: 8, Plan: later}))
	d.await(t, fmt.Sprintf(`output="tx %v.\n"`, another.Hash))
	plugin.sees(address, paid.Hash.String(), 2, 6)
	plugin.want("getbalance", "[]", object{"totalspendable": 16.73456789, "totalunconfirmed": 0.0})
}

// plugin is a client that knows names of fields.
type plugin struct {
	*testing.T
	client
}

// call returns the result of a method.
func (p plugin) call(method, params string) any {
	p.Helper()
	var result any
	p.mustCall(p.T, method, params, &result)
	return result
}

// want compares fields of an object.
func (p plugin) want(method, params string, want object) {
	p.Helper()
	result, ok := p.call(method, params).(map[string]any)
	if !ok {
		p.Fatalf("%s %s is no object", method, params)
	}
	for name, value := range want {
		if got, ok := result[name]; !ok || got != value {
			p.Errorf("%s %s: %s is %v, want %v", method, params, name, got, value)
		}
	}
}

// lines returns the result of a method that must be an array of objects, and not
// null.
func (p plugin) lines(method, params string) []map[string]any {
	p.Helper()
	list, ok := p.call(method, params).([]any)
	if !ok {
		p.Fatalf("%s %s is no array", method, params)
	}
	lines := make([]map[string]any, len(list))
	for i, line := range list {
		if lines[i], ok = line.(map[string]any); !ok {
			p.Fatalf("%s %s: %v is no object", method, params, line)
		}
	}
	return lines
}

// sees wants all calls to tell of the payment of 1.23456789 coins to an address, and
// listtransactions to have so many lines.
func (p plugin) sees(address, txid string, confirmations float64, all int) {
	p.Helper()
	fits := func(method string, line map[string]any) bool {
		fits := line["address"] == address && line["category"] == "receive" && line["amount"] == 1.23456789
		if !fits {
			p.Errorf("%s: %v", method, line)
		}
		return fits
	}
	lines := p.lines("listaddresstransactions", fmt.Sprintf("[[%q]]", address))
	if len(lines) != 1 || !fits("listaddresstransactions", lines[0]) || lines[0]["txid"] != txid || lines[0]["confirmations"] != confirmations {
		p.Errorf("listaddresstransactions: %v, want %v confirmations", lines, confirmations)
	}
	listed := 0
	lines = p.lines("listtransactions", `["*",1000,0]`)
	for _, line := range lines {
		if line["txid"] == txid && fits("listtransactions", line) && line["confirmations"] == confirmations {
			listed++
		}
	}
	if listed != 1 || len(lines) != all {
		p.Errorf("listtransactions: %d lines, %d of the payment; want %d and one", len(lines), listed, all)
	}
	tx, _ := p.call("gettransaction", fmt.Sprintf("[%q]", txid)).(map[string]any)
	details, _ := tx["details"].([]any)
	if len(details) != 1 || tx["confirmations"] != confirmations || tx["amount"] != 1.23456789 {
		p.Fatalf("gettransaction: %v", tx)
	}
	detail, _ := details[0].(map[string]any)
	fits("gettransaction", detail)
}
