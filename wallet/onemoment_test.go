package wallet

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
)

// labelled is a wallet with payments to addresses that have labels, as the transactions have.
type labelled struct {
	*story
	labels []string // what has a label
}

func newNamed(t *testing.T) *labelled {
	n := &labelled{story: newStory(t)}
	for i := range 6 {
		name := fmt.Sprint(i)
		n.block(map[string]*wire.MsgTx{name: n.pay(n.pays[i%2], int64(100+i))})
		n.labels = append(n.labels, n.txs[name].String())
	}
	for _, pay := range n.pays[:2] {
		n.labels = append(n.labels, hd.ScriptAddress(n.x.cfg.Params.ChainParams, pay))
	}
	n.label("before")
	return n
}

func (n *labelled) label(text string) {
	n.t.Helper()
	for _, subject := range n.labels {
		if err := n.x.SetLabel(n.t.Context(), subject, text); err != nil {
			n.t.Fatal(err)
		}
	}
}

// change gives everything another name and mines a block.
func (n *labelled) change() {
	n.t.Helper()
	n.label("after")
	if err := n.x.RenameAccount(n.t.Context(), "a", "z"); err != nil {
		n.t.Fatal(err)
	}
	n.block(map[string]*wire.MsgTx{"late": n.pay(n.pays[0], 7)})
}

// TestListsAreOfOneMoment changes labels, the name of the account and the chain while a list is
// read, after its first line: all lines are as they were when it began.
func TestListsAreOfOneMoment(t *testing.T) {
	for name, read := range map[string]func(n *labelled, line func(string)) error{
		"unspent": func(n *labelled, line func(string)) error {
			return n.x.EachUnspent(t.Context(), OutputFilter{}, func(o *Output) bool {
				line(fmt.Sprint(o.Label, o.Account, o.Confirmations+int64(o.Amount)-100))
				return true
			})
		},
		"unspent of an account": func(n *labelled, line func(string)) error {
			return n.x.EachUnspent(t.Context(), OutputFilter{Account: "a"}, func(o *Output) bool {
				line(fmt.Sprint(o.Label, o.Account, o.Confirmations+int64(o.Amount)-100))
				return true
			})
		},
		"history": func(n *labelled, line func(string)) error {
			return n.x.EachTransaction(t.Context(), HistoryFilter{}, func(tx *Transaction) bool {
				e := tx.Entries()[0]
				line(fmt.Sprint(e.Label, e.Account, tx.Confirmations+int64(e.Amount)-100))
				line(fmt.Sprint(tx.Label, e.Account, tx.Confirmations+int64(e.Amount)-100))
				return true
			})
		},
		"history of an account": func(n *labelled, line func(string)) error {
			return n.x.EachTransaction(t.Context(), HistoryFilter{Account: "a"}, func(tx *Transaction) bool {
				e := tx.Entries()[0]
				line(fmt.Sprint(e.Label, e.Account, tx.Confirmations+int64(e.Amount)-100))
				return true
			})
		},
	} {
		n, lines := newNamed(t), []string(nil)
		err := read(n, func(line string) {
			if lines = append(lines, line); len(lines) == 1 {
				n.change()
			}
		})
		if err != nil || len(lines) < 6 || len(slices.Compact(slices.Clone(lines))) != 1 || lines[0] != "beforea6" {
			t.Errorf("%s: %q, %v", name, lines, err)
		}
		err = read(n, func(line string) {
			if line == "beforea6" {
				t.Errorf("%s: nothing has changed", name)
			}
		})
		if err != nil && !errors.Is(err, ErrNoAccount) {
			t.Errorf("%s after the change: %v", name, err)
		}
	}
}

// TestRenamedAccountIsUnknown: a list of an account that has another name now is refused, and
// not empty.
func TestRenamedAccountIsUnknown(t *testing.T) {
	n := newNamed(t)
	n.change()
	_, err := n.x.Unspent(t.Context(), OutputFilter{Account: "a"})
	_, err2 := n.x.History(t.Context(), HistoryFilter{Account: "a"})
	_, err3 := n.x.Locked(t.Context(), "a")
	for _, err := range []error{err, err2, err3} {
		if !errors.Is(err, ErrNoAccount) {
			t.Errorf("a list of an account without that name: %v", err)
		}
	}
}

// TestSumsAreOfOneMoment renames an account to and fro while sums are read: all that was ever
// paid is under the one name or under the other.
func TestSumsAreOfOneMoment(t *testing.T) {
	n := newNamed(t)
	const sum, most = 100 + 101 + 102 + 103 + 104 + 105, 300
	var done atomic.Bool
	var writer sync.WaitGroup
	writer.Go(func() {
		names := []string{"a", "z"}
		for i := 0; !done.Load(); i++ {
			if err := n.x.RenameAccount(t.Context(), names[i%2], names[1-i%2]); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range most {
		accounts, err := n.x.ReceivedByAccounts(t.Context(), 1)
		if err != nil || len(accounts) != 2 || accounts[0].Amount != sum || accounts[0].Confirmations != 1 {
			t.Errorf("by account: %+v, %v", accounts, err)
			break
		}
		addresses, err := n.x.Receipts(t.Context(), 1, true)
		if err != nil || len(addresses) != 2 || addresses[0].Account != addresses[1].Account || addresses[0].Amount+addresses[1].Amount != sum {
			t.Errorf("by address: %+v, %v", addresses, err)
			break
		}
	}
	done.Store(true)
	writer.Wait()
}
