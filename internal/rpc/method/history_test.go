package method

import (
	"slices"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// paying returns a transaction of the account savings that pays outputs to addresses, of which
// those in mine belong to accounts.
func paying(addresses []string, mine map[uint32]string) *wallet.Transaction {
	tx := &wallet.Transaction{Tx: wire.NewMsgTx(), Debits: []wallet.Debit{{Account: "savings", Amount: 100}}}
	for i, address := range addresses {
		tx.Outputs = append(tx.Outputs, wallet.TxOutput{Address: address, Amount: 5})
		if account := mine[uint32(i)]; account != "" {
			tx.Credits = append(tx.Credits, wallet.Credit{Index: uint32(i), Account: account, Address: address, Amount: 5})
		}
	}
	return tx
}

// TestListedOfAnAccount: what an account pays is listed with what it is paid, though no account
// is named in the line.
func TestListedOfAnAccount(t *testing.T) {
	tx := paying([]string{"foreign", "ours", "theirs"}, map[uint32]string{1: "spending", 2: "savings"})
	for _, test := range []struct {
		account   string
		addresses []string
		want      []string
	}{
		{"*", nil, []string{"-foreign", "-ours", "-theirs", "+ours", "+theirs"}},
		{"savings", nil, []string{"-foreign", "-ours", "-theirs", "+theirs"}},
		{"spending", nil, []string{"+ours"}},
		{"savings", []string{"foreign"}, []string{"-foreign"}},
		{"*", []string{"ours"}, []string{"-ours", "+ours"}},
		{"nobody", nil, nil},
	} {
		var got []string
		all := listing{account: test.account, addresses: test.addresses, most: 10}
		more := all.list(tx, 0, func(l any) bool {
			line := l.(api.ListedTransaction)
			got = append(got, string("+-"[min(1, max(0, -line.Amount))])+line.Address)
			return true
		})
		if !more {
			t.Error("no more lines are wanted")
		}
		slices.Sort(got)
		slices.Sort(test.want)
		if !slices.Equal(got, test.want) {
			t.Errorf("account %s, addresses %v: %v, want %v", test.account, test.addresses, got, test.want)
		}
	}
}

// TestPageOfAListing: lines are left out and counted over transactions, and no more
// transactions are wanted than the page needs.
func TestPageOfAListing(t *testing.T) {
	tx := paying([]string{"a", "b", "c"}, nil)
	page := listing{account: "*", skip: 4, most: 3}
	var got []uint32
	for i, more := range []bool{true, true, false} {
		if page.list(tx, 0, func(l any) bool { got = append(got, l.(api.ListedTransaction).Vout); return true }) != more {
			t.Errorf("after %d transactions, more is not %v", i+1, more)
		}
	}
	if !slices.Equal(got, []uint32{1, 2, 0}) {
		t.Errorf("outputs %v", got)
	}
}
