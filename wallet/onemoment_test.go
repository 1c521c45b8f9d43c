package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// meddler is a context under which something happens when a reader asks it for the nth time
// whether it has ended.
type meddler struct {
	context.Context
	n  int
	do func()
}

// Err implements context.Context.
func (m *meddler) Err() error {
	if m.n--; m.n == 0 {
		m.do()
	}
	return m.Context.Err()
}

// TestSumsAreOfOneMoment renames an account at each step of reading sums: all that was ever paid
// is under the one name or under the other.
func TestSumsAreOfOneMoment(t *testing.T) {
	n := newNamed(t)
	const sum = 100 + 101 + 102 + 103 + 104 + 105
	names := []string{"a", "z"}
	for at, last := 1, false; !last; at++ {
		for _, read := range []func(ctx context.Context){
			func(ctx context.Context) {
				list, err := n.x.ReceivedByAccounts(ctx, 1)
				if err != nil || len(list) != 2 || list[0].Amount != sum || list[0].Confirmations != 1 {
					t.Errorf("by account, renamed at %d: %+v, %v", at, list, err)
				}
			},
			func(ctx context.Context) {
				list, err := n.x.Receipts(ctx, 1, true)
				if err != nil || len(list) != 2 || list[0].Account != list[1].Account || list[0].Amount+list[1].Amount != sum {
					t.Errorf("by address, renamed at %d: %+v, %v", at, list, err)
				}
			},
		} {
			m := &meddler{Context: t.Context(), n: at, do: func() {
				if err := n.x.RenameAccount(t.Context(), names[0], names[1]); err != nil {
					t.Error(err)
				}
				slices.Reverse(names)
			}}
			read(m)
			if last = m.n > 0; at < 3 && last {
				t.Errorf("nothing was renamed at %d", at)
			}
		}
	}
}
