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
		more := all.list(tx, func(l any) bool {
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

// TestPageOfAListing: transactions are left out and counted, those without a line not, and
// no more are wanted than the page needs.
func TestPageOfAListing(t *testing.T) {
	page := listing{account: "*", skip: 1, most: 2}
	var got []string
	for i, step := range []struct {
		pays []string
		more bool
	}{{nil, true}, {[]string{"a", "b"}, true}, {nil, true}, {[]string{"c", "d"}, true}, {[]string{"e"}, false}} {
		more := page.list(paying(step.pays, nil), func(l any) bool {
			got = append(got, l.(api.ListedTransaction).Address)
			return true
		})
		if more != step.more {
			t.Errorf("after %d transactions, more is %v", i+1, more)
		}
	}
	if want := []string{"c", "d", "e"}; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}
