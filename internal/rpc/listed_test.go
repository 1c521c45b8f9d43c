package rpc

import (
	"slices"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestListedOfAnAccount: what an account pays is listed with what it is paid, though
// no account is named in the line.
func TestListedOfAnAccount(t *testing.T) {
	txs := []api.Transaction{{Details: []api.Detail{
		{Vout: 0, Address: "a stranger's", Amount: -5, Payers: []string{"savings"}},
		{Vout: 1, Account: "spending", Address: "ours", Amount: 3},
		{Vout: 2, Account: "savings", Address: "theirs", Amount: 2},
	}}}
	for _, test := range []struct {
		account   string
		addresses []string
		want      []uint32
	}{
		{"*", nil, []uint32{0, 1, 2}},
		{"savings", nil, []uint32{0, 2}},
		{"spending", nil, []uint32{1}},
		{"savings", []string{"a stranger's"}, []uint32{0}},
		{"*", []string{"ours"}, []uint32{1}},
		{"nobody", nil, nil},
	} {
		var got []uint32
		all := listing{account: test.account, addresses: test.addresses, most: 10}
		if !all.add(&txs[0]) {
			t.Error("no more lines are wanted")
		}
		for _, l := range all.lines {
			got = append(got, l.Vout)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("account %s, addresses %v: outputs %v, want %v", test.account, test.addresses, got, test.want)
		}
	}
}

// TestPageOfAListing: lines are left out and counted over transactions, and no more
// transactions are wanted than the page needs.
func TestPageOfAListing(t *testing.T) {
	tx := api.Transaction{Details: []api.Detail{{Vout: 0}, {Vout: 1}, {Vout: 2}}}
	page := listing{account: "*", skip: 4, most: 3}
	for i, more := range []bool{true, true, false} {
		if page.add(&tx) != more {
			t.Errorf("after %d transactions, more is not %v", i+1, more)
		}
	}
	var got []uint32
	for _, l := range page.lines {
		got = append(got, l.Vout)
	}
	if !slices.Equal(got, []uint32{1, 2, 0}) {
		t.Errorf("outputs %v", got)
	}
}

// TestTypesOfLines holds that lists name types as dcrwallet does, to whose clients
// a block reward is regular, and tell beside it what they are.
func TestTypesOfLines(t *testing.T) {
	for name, want := range map[string]string{
		"regular": "regular", "coinbase": "regular", "ticket": "ticket", "vote": "vote",
		"revocation": "revocation", "treasuryadd": "regular", "treasuryspend": "regular",
	} {
		got := line(&api.Transaction{Type: name}, api.Detail{})
		if got.TxType != want || got.Type != name {
			t.Errorf("a %s has txtype %s and type %s, want %s and %s", name, got.TxType, got.Type, want, name)
		}
	}
}
