package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/replay"
)

// all is more lines than there are.
const all = 1_000_000

// teller tells of a wallet: a daemon of the one it has without being told, or one
// of several.
type teller interface {
	Call(ctx context.Context, method string, result any, params ...any) error
}

// sameBooks wants what a daemon says of a wallet to be what a replay of the
// node's chain gives. Nothing that concerns the wallet waits for a block.
func sameBooks(t *testing.T, when string, d teller, n *node.Node, b *replay.Book) {
	t.Helper()
	c := &comparison{t: t, when: when, daemon: d, node: n, book: b}
	for _, minConf := range []int64{1, 6, 40} {
		same(c, c.book.Balances(minConf), "getbalance", "*", minConf)
		same(c, c.book.Unspent(minConf), "listunspent", minConf)
	}
	c.received(6)
	same(c, c.book.Lines(0), "listtransactions", "*", all, 0)
	for _, a := range c.book.Balances(1).Accounts {
		same(c, c.book.LinesOf(a.AccountName), "listtransactions", a.AccountName, all, 0)
	}
	c.since()
	c.addresses()
	for _, tx := range c.book.Transactions() {
		same(c, tx, "gettransaction", tx.TxID)
	}
	c.outputs()
	c.tickets()
}

// confirmedBooks wants only that which unmined transactions cannot change, but for what those
// spend that wait in the node, and some that only the daemon has.
func confirmedBooks(t *testing.T, when string, d teller, n *node.Node, b *replay.Book, pending ...*wire.MsgTx) {
	t.Helper()
	c := &comparison{t: t, when: when, daemon: d, node: n, book: b}
	want := confirmed(c.book.Balances(1))
	c.withoutSpending(&want, pending)
	if got, ok := ask[replay.Balances](c, "getbalance", "*", 1); ok {
		c.compare("getbalance", confirmed(got), want)
	}
	if got, ok := ask[[]replay.Line](c, "listtransactions", "*", all, 0); ok {
		mined := []replay.Line{}
		for _, line := range got {
			if line.Confirmations > 0 {
				mined = append(mined, line)
			}
		}
		c.compare("listtransactions", mined, c.book.Lines(0))
	}
	for _, tx := range c.book.Transactions() {
		same(c, tx, "gettransaction", tx.TxID)
	}
}

// withoutSpending takes out of balances what the transactions spend that wait in the node, and
// some more.
func (c *comparison) withoutSpending(b *replay.Balances, pending []*wire.MsgTx) {
	c.t.Helper()
	waiting, err := c.node.Mempool(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	waiting = append(waiting, pending...)
	for i := range b.Accounts {
		a := &b.Accounts[i]
		for _, coin := range c.book.Coins(a.AccountName) {
			spending := slices.ContainsFunc(waiting, func(tx *wire.MsgTx) bool {
				return slices.ContainsFunc(tx.TxIn, func(in *wire.TxIn) bool { return in.PreviousOutPoint == coin.Op })
			})
			if spending && !coin.Spent && coin.Mature {
				a.Spendable -= replay.Amount(coin.Amount)
				b.Spendable -= replay.Amount(coin.Amount)
			}
		}
	}
}

// confirmed returns balances without what is unconfirmed, and the totals that it is part of.
func confirmed(b replay.Balances) replay.Balances {
	b.Unconfirmed, b.Total = 0, 0
	for i := range b.Accounts {
		b.Accounts[i].Unconfirmed, b.Accounts[i].Total = 0, 0
	}
	return b
}

// comparison compares answers of a daemon with a book.
type comparison struct {
	t      *testing.T
	when   string
	daemon teller
	node   *node.Node
	book   *replay.Book
}

// tickets wants the daemon to call those tickets live that the node does, and to show the
// transaction that ended each other one, with what that has added to the wallet.
func (c *comparison) tickets() {
	c.t.Helper()
	var live struct{ Tickets []string }
	if err := c.node.Call(c.t.Context(), "livetickets", &live); err != nil {
		c.t.Fatal(err)
	}
	book := make(map[string]replay.Transaction)
	for _, tx := range c.book.Transactions() {
		book[tx.TxID] = tx
	}
	list, _ := ask[[]ticketLine](c, "ticketinfo")
	for i := range list {
		k := &list[i]
		bought := book[k.Hash]
		delete(book, k.Hash)
		want := ticketLine{Hash: k.Hash, Status: bought.TicketStatus, BlockHeight: bought.BlockHeight, Time: bought.Time, Age: bought.Confirmations - 1}
		if want.Status != "unknown" && slices.Contains(live.Tickets, k.Hash) != (k.Status == "live") {
			c.t.Errorf("%s: ticket %s is %s, in the pool of the node: %v", c.when, k.Hash, k.Status, k.Status != "live")
		}
		if end, ok := book[cmp.Or(k.Vote, k.Revocation)]; ok {
			want.Vote, want.Revocation, want.Reward = k.Vote, k.Revocation, &end.Amount
			want.SpentHeight, want.SpentTime, want.Age = end.BlockHeight, end.Time, end.BlockHeight-bought.BlockHeight
		}
		c.compare("ticketinfo", *k, want)
	}
	for _, tx := range book {
		if tx.TicketStatus != "" {
			c.t.Errorf("%s: ticketinfo lacks %s", c.when, tx.TxID)
		}
	}
}

// ticketLine is a line of ticketinfo, as far as the book has it.
type ticketLine struct {
	Hash        string         `json:"hash"`
	Status      string         `json:"status"`
	BlockHeight int64          `json:"blockheight"`
	Time        int64          `json:"time"`
	Age         int64          `json:"age"`
	Vote        string         `json:"vote"`
	Revocation  string         `json:"revocation"`
	SpentHeight int64          `json:"spentheight"`
	SpentTime   int64          `json:"spenttime"`
	Reward      *replay.Amount `json:"reward"`
}

// ask asks the daemon.
func ask[T any](c *comparison, method string, params ...any) (T, bool) {
	c.t.Helper()
	var got T
	if err := c.daemon.Call(c.t.Context(), method, &got, params...); err != nil {
		c.t.Errorf("%s: %s %v: %v", c.when, method, params, err)
		return got, false
	}
	return got, true
}

// same wants the daemon to answer a question as the book does.
func same[T any](c *comparison, want T, method string, params ...any) {
	c.t.Helper()
	if got, ok := ask[T](c, method, params...); ok {
		c.compare(fmt.Sprint(method, params), got, want)
	}
}

// compare reports the first difference.
func (c *comparison) compare(what string, got, want any) {
	c.t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	if g.Kind() == reflect.Slice {
		for i := range min(g.Len(), w.Len()) {
			if !reflect.DeepEqual(g.Index(i).Interface(), w.Index(i).Interface()) {
				c.t.Errorf("%s: %s, line %d of %d:\n got %s\nwant %s (of %d)", c.when, what, i, g.Len(),
					whole(g.Index(i).Interface()), whole(w.Index(i).Interface()), w.Len())
				return
			}
		}
		c.t.Errorf("%s: %s has %d lines, want %d", c.when, what, g.Len(), w.Len())
		return
	}
	c.t.Errorf("%s: %s\n got %s\nwant %s", c.when, what, whole(got), whole(want))
}

// whole returns a value as JSON.
func whole(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// received compares what was ever paid to accounts and addresses.
func (c *comparison) received(minConf int64) {
	c.t.Helper()
	for _, a := range c.book.Balances(minConf).Accounts {
		same(c, c.book.ReceivedBy(a.AccountName, minConf), "getreceivedbyaccount", a.AccountName, minConf)
	}
	for address, sum := range c.book.Received(minConf) {
		same(c, sum, "getreceivedbyaddress", address, minConf)
	}
}

// since compares the lists of what came after a block. What was found in older blocks since then
// is listed too, with all above the lowest of it.
func (c *comparison) since() {
	c.t.Helper()
	txs := c.book.Transactions()
	if len(txs) == 0 {
		return
	}
	middle := txs[len(txs)/2]
	type answer struct {
		Transactions []replay.Line `json:"transactions"`
	}
	got, ok := ask[answer](c, "listsinceblock", middle.BlockHash)
	if !ok {
		return
	}
	above := middle.BlockHeight
	for _, line := range got.Transactions {
		above = min(above, line.BlockHeight-1)
	}
	c.compare("listsinceblock "+middle.BlockHash, got.Transactions, c.book.Lines(above))
}

// addresses compares the histories of addresses.
func (c *comparison) addresses() {
	c.t.Helper()
	by := make(map[string][]replay.Line)
	for _, line := range c.book.Lines(0) {
		if line.Account != "" && line.Address != noAddress {
			by[line.Address] = append(by[line.Address], line)
		}
	}
	for address := range by {
		got, ok := ask[[]replay.Line](c, "listaddresstransactions", []string{address})
		if !ok {
			continue
		}
		var ours []replay.Line
		for _, line := range got { // what is paid to the address, without what it is paid by
			if line.Account != "" {
				ours = append(ours, line)
			}
		}
		c.compare("listaddresstransactions "+address, ours, by[address])
	}
}

// outputs compares every output that ever paid the wallet, with the node too. What
// is spent is null.
func (c *comparison) outputs() {
	c.t.Helper()
	for _, a := range c.book.Balances(1).Accounts {
		for _, coin := range c.book.Coins(a.AccountName) {
			params := []any{coin.Op.Hash.String(), coin.Op.Index, coin.Op.Tree, false}
			var want, nodes *replay.Output
			if !coin.Spent {
				want = &coin.Output
			}
			same(c, want, "gettxout", params...)
			if err := c.node.Call(c.t.Context(), "gettxout", &nodes, params...); err != nil {
				c.t.Errorf("%s: %v", c.when, err)
			}
			c.compare(fmt.Sprint("gettxout of the node ", params), nodes, want)
		}
	}
}
