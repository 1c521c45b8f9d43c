package api_test

import (
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// The types that dcrwallet's clients decode fields into.
const (
	text    = "text"
	whole   = "whole number"
	natural = "whole number, not negative"
	number  = "number"
	truth   = "boolean"
	list    = "list"
)

// fieldsOfDcrwallet are the results of dcrwallet 2.1 that ours stand for, with the
// types of their fields: a client that was written for them reads ours.
func fieldsOfDcrwallet() map[any]map[string]string {
	listed := map[string]string{
		"account": text, "address": text, "amount": number, "blockhash": text, "blockindex": whole, "blocktime": whole,
		"category": text, "confirmations": whole, "fee": number, "generated": truth, "time": whole, "timereceived": whole,
		"txid": text, "txtype": text, "vout": natural, "walletconflicts": list,
	}
	return map[any]map[string]string{
		new(api.AccountBalance): {
			"accountname": text, "immaturecoinbaserewards": number, "immaturestakegeneration": number, "lockedbytickets": number,
			"spendable": number, "total": number, "unconfirmed": number, "votingauthority": number,
		},
		new(api.Balance): {
			"balances": list, "blockhash": text, "totalimmaturecoinbaserewards": number, "totalimmaturestakegeneration": number,
			"totallockedbytickets": number, "totalspendable": number, "cumulativetotal": number, "totalunconfirmed": number,
			"totalvotingauthority": number,
		},
		new(api.Detail): {
			"account": text, "address": text, "amount": number, "category": text, "fee": number, "vout": natural,
		},
		new(api.Transaction): {
			"amount": number, "fee": number, "confirmations": whole, "blockhash": text, "blockindex": whole, "blocktime": whole,
			"txid": text, "walletconflicts": list, "time": whole, "timereceived": whole, "details": list, "hex": text, "type": text,
			"ticketstatus": text,
		},
		new(api.ListedTransaction): listed,
		new(api.SinceBlock):        {"transactions": list, "lastblock": text},
		new(api.Unspent): {
			"txid": text, "vout": natural, "tree": whole, "txtype": whole, "address": text, "account": text, "scriptPubKey": text,
			"redeemScript": text, "amount": number, "confirmations": whole, "spendable": truth,
		},
		new(api.OutPoint):     {"txid": text, "vout": natural, "tree": whole},
		new(api.LockedOutput): {"txid": text, "vout": natural, "tree": whole, "amount": number},
		new(api.VoteChoices):  {"version": natural, "choices": list},
		new(api.VoteChoice):   {"agendaid": text, "agendadescription": text, "choiceid": text, "choicedescription": text},
		new(api.TSpendPolicy): {"hash": text, "policy": text, "ticket": text},
		new(api.KeyPolicy):    {"key": text, "policy": text, "ticket": text},
		new(api.AddressInfo): {
			"isvalid": truth, "address": text, "ismine": truth, "iswatchonly": truth, "isscript": truth, "pubkeyaddr": text,
			"pubkey": text, "iscompressed": truth, "account": text, "addresses": list, "hex": text, "script": text,
			"sigsrequired": whole, "branch": natural, "index": natural,
		},
		new(api.WalletInfo): {
			"daemonconnected": truth, "spv": truth, "unlocked": truth, "cointype": natural, "txfee": number, "votebits": natural,
			"votebitsextended": text, "voteversion": natural, "voting": truth, "vsp": text, "manualtickets": truth, "birthhash": text,
			"birthheight": whole, // and never negative
		},
		new(api.FundedTransaction): {"hex": text, "fee": number},
		new(api.DecodedScript):     {"asm": text, "reqSigs": whole, "type": text, "addresses": list, "p2sh": text},
		new(api.TxOut):             {"bestblock": text, "confirmations": whole, "value": number, "coinbase": truth},
		new(api.PkScript):          {"asm": text, "hex": text, "reqSigs": whole, "type": text, "addresses": list, "version": natural},
		new(api.Info): {
			"version": whole, "protocolversion": whole, "walletversion": whole, "balance": number, "blocks": whole,
			"timeoffset": whole, "connections": whole, "proxy": text, "difficulty": number, "testnet": truth, "keypoololdest": whole,
			"keypoolsize": whole, "unlocked_until": whole, "paytxfee": number, "relayfee": number, "errors": text,
		},
	}
}

func TestFieldsOfDcrwallet(t *testing.T) {
	for value, want := range fieldsOfDcrwallet() {
		kind := reflect.Indirect(reflect.ValueOf(value)).Type()
		have := maps.Collect(fieldsOf(kind))
		for name, of := range want {
			if got := have[name]; got != of && (of != whole || got != natural) {
				t.Errorf("%v: %s is %q, a client of dcrwallet reads a %s", kind, name, got, of)
			}
		}
	}
}

// fieldsOf yields the JSON names of a struct and the types of their values.
func fieldsOf(kind reflect.Type) func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for _, f := range reflect.VisibleFields(kind) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name != "" && name != "-" && !yield(name, typeOf(f.Type)) {
				return
			}
		}
	}
}

// typeOf returns what values of a Go type are in JSON.
func typeOf(kind reflect.Type) string {
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch {
	case kind == reflect.TypeFor[api.Amount]():
		return number
	case kind.Implements(reflect.TypeFor[json.Marshaler]()), kind.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return "something of its own"
	}
	switch kind.Kind() {
	case reflect.String:
		return text
	case reflect.Bool:
		return truth
	case reflect.Slice:
		return list
	case reflect.Float64, reflect.Float32:
		return number
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return natural
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return whole
	default:
		return kind.String()
	}
}
