package wallet

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/txn"
)

// checkExport wants a wallet that is made of what this one exports to say what the oracle says
// about what is mined, once it has searched the chain, and to export the same.
func (l *lifetime) checkExport(want *truth) {
	l.t.Helper()
	ctx := l.t.Context()
	e, err := l.x.Export(ctx)
	if err != nil {
		l.fail("%v", err)
	}
	cfg := l.config(filepath.Join(l.t.TempDir(), "copy"))
	cfg.Birthday, cfg.maxScripts = e.Birthday, l.x.cfg.maxScripts
	if l.bounded { // one that was opened with more room comes to use that with the next block
		cfg.maxScripts = l.x.store.Now().Count()
	}
	x, err := Open(cfg)
	if err != nil {
		l.fail("%v", err)
	}
	x.store.DB.NoSync = true
	if err := x.restore(ctx, e); err != nil {
		l.fail("%v", err)
	}
	before := l.tip().BlockID
	l.sync(x, 1+l.rng.IntN(30))
	if l.tip().BlockID != before { // a bad block was found and left: want is of the other branch
		if err := x.Close(); err != nil {
			l.fail("%v", err)
		}
		return
	}
	again, err := x.Export(ctx)
	if err := errors.Join(err, x.Check(ctx)); err != nil {
		l.fail("the copy: %v", err)
	}
	l.sameExport(e, again)
	l.sameMined(x, want)
	if err := x.Close(); err != nil {
		l.fail("%v", err)
	}
}

// sameExport wants two exports to be the same, but for where dates begin: a wallet that comes
// to them later finds that out exactly.
func (l *lifetime) sameExport(a, b *Export) {
	l.t.Helper()
	if !reflect.DeepEqual(a, b) {
		l.fail("the copy exports\n%+v, not\n%+v", b, a)
	}
}

// sameMined wants a wallet that knows no unmined transaction to say what the oracle says.
func (l *lifetime) sameMined(x *Wallet, want *truth) {
	l.t.Helper()
	ctx := l.t.Context()
	balances, err := x.Balances(ctx, 1)
	history, err2 := x.History(ctx, HistoryFilter{})
	outputs, err3 := x.Unspent(ctx, OutputFilter{MinConf: 1})
	if err := errors.Join(err, err2, err3); err != nil {
		l.fail("%v", err)
	}
	for _, a := range balances.Accounts {
		a.Total, a.Unconfirmed, a.Spending = 0, 0, 0
		if a.Balance != want.balances[a.Account] {
			l.fail("account %s of the copy has %+v, want %+v", a.Account, a.Balance, want.balances[a.Account])
		}
	}
	var mined, unspent []string
	for _, h := range history {
		if h.Mined() {
			mined = append(mined, fmt.Sprint(h.Place.Height, h.Place.Tree, int(h.Place.Index), h.Hash, int64(h.Net())))
		}
	}
	for _, u := range outputs {
		unspent = append(unspent, fmt.Sprint(u.OutPoint, int64(u.Amount)))
	}
	slices.Sort(mined)
	slices.Sort(unspent)
	if !slices.Equal(mined, want.history) {
		l.fail("the history of the copy has %q, and lacks %q", without(mined, want.history), without(want.history, mined))
	}
	spending := make(map[wire.OutPoint]bool) // by what is void and may be mined again
	for _, h := range history {
		for _, op := range txn.PrevOuts(h.Tx) {
			spending[op] = spending[op] || !h.Mined()
		}
	}
	maps.DeleteFunc(spending, func(_ wire.OutPoint, unmined bool) bool { return !unmined })
	free := l.free(want.unspent, spending)
	if !slices.Equal(unspent, free) {
		l.fail("unspent of the copy has %q, and lacks %q", without(unspent, free), without(free, unspent))
	}
}
