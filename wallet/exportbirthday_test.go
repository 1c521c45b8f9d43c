package wallet

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/txn"
)

var exportSeeds = flag.Uint64("exports", 40, "how many random wallets are exported and imported")

// TestPropertyExportedBirthdays: whatever the birthdays of a wallet are, and whether their
// blocks have left the chain before or after the export, a wallet that is made of the export
// counts what the first one does. It is made before it has seen a block, or stands at the tip.
func TestPropertyExportedBirthdays(t *testing.T) {
	for seed := range *exportSeeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			l := newLifetime(t, 3*seed+1_000_000)
			for range 30 + l.rng.IntN(30) {
				l.random()
			}
			for range 1 + l.rng.IntN(5) {
				l.goOn(1 + l.rng.IntN(9))
				if l.rng.IntN(3) == 0 {
					l.importAccount()
				} else {
					l.importScript()
				}
				l.goOn(1 + l.rng.IntN(9))
				for range l.rng.IntN(8) {
					l.random()
				}
				if l.rng.IntN(3) == 0 {
					l.reorganise(1 + l.rng.IntN(15))
				}
			}
			l.goOn(1 + l.rng.IntN(9))
			e, err := l.x.Export(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if l.rng.IntN(3) == 0 {
				l.reorganise(1 + l.rng.IntN(15))
				l.goOn(1 + l.rng.IntN(9))
			}
			l.importedCounts(e, l.rng.IntN(2) == 0)
		})
	}
}

// TestADateIsImportedAsItWas: the block at which a date begins is too far below the tip for a wallet
// that stands there to remember it. It counts from there on all the same, and not from the last block below
// that it remembers.
func TestADateIsImportedAsItWas(t *testing.T) {
	w := newWorld(t, 1)
	mine := func(more ...*wire.MsgTx) {
		w.mine(nil, append([]*wire.MsgTx{w.coinbase(w.stranger(), 1)}, more...), true)
	}
	for h := 1; h < 60; h++ {
		if h == 20 || h == 55 {
			mine(w.pay(anyone(), 500))
		} else {
			mine()
		}
	}
	first := openTest(t, Birthday{})
	date := w.main[50].Header.Time().Add(birthday.Margin)
	if err := first.ImportScript(t.Context(), anyone(), &Birthday{Time: date}); err != nil {
		t.Fatal(err)
	}
	w.sync(first, 100)
	for range remembered.Dense {
		mine()
	}
	w.sync(first, 100)
	e, err := first.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second := openTest(t, Birthday{}) // watches another script: without any it would stand still
	importScript(t, second, w.stranger(), 300)
	w.sync(second, 1000)
	if err := errors.Join(e.Follow(chainHeaders{chainBranches{w}}), second.restore(t.Context(), e)); err != nil {
		t.Fatal(err)
	}
	w.sync(second, 100)
	for name, x := range map[string]*Wallet{"first": first, "second": second} {
		list, err := x.History(t.Context(), HistoryFilter{})
		if err != nil || len(list) != 1 || list[0].Place.Height < 50 {
			t.Errorf("the %s wallet has %d transactions, not that above block 50 (%v)", name, len(list), err)
		}
	}
}

// TestFollowKeepsWhatIsUnknown: of a block that the store does not know nothing is said, a height
// that no block has reached is as if no block had reached the date, and an error is passed on.
func TestFollowKeepsWhatIsUnknown(t *testing.T) {
	w := newWorld(t, 1)
	for range 5 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
	}
	unknown := consensus.BlockID{Height: 3, Hash: chainhash.Hash{1}}
	late := w.main[5].Header.Time().Add(birthday.Margin + time.Hour)
	e := &Export{Scripts: []ExportedScript{
		{Born: Born{Height: consensus.Never, From: consensus.Never, After: unknown}},
		{Born: Born{Height: consensus.Never, Date: late, From: 9}},
		{Born: Born{Height: consensus.Never, Date: w.main[2].Header.Time().Add(birthday.Margin), From: 4}},
	}}
	if err := e.Follow(chainHeaders{chainBranches{w}}); err != nil {
		t.Fatal(err)
	}
	if e.Scripts[0].Born.After != unknown || e.Scripts[1].Born.From != consensus.Never || e.Scripts[2].Born.From != 2 {
		t.Errorf("got %+v", e.Scripts)
	}
	bad := chainHeaders{chainBranches{&world{}}}
	if err := e.Follow(bad); !errors.Is(err, chain.ErrNotFound) {
		t.Errorf("a store without a block gives %v", err)
	}
}

// importedCounts wants a fresh wallet that is made of an export to count what the wallet at
// hand counts. Ahead, it stands at the tip when it imports.
func (l *lifetime) importedCounts(e *Export, ahead bool) {
	l.t.Helper()
	cfg := l.config(filepath.Join(l.t.TempDir(), "copy"))
	cfg.maxScripts = l.x.cfg.maxScripts
	x, err := Open(cfg)
	if err != nil {
		l.fail("%v", err)
	}
	if ahead {
		l.sync(x, 1+l.rng.IntN(30))
	}
	if err := errors.Join(e.Follow(chainHeaders{chainBranches{l.world}}), x.restore(l.t.Context(), e)); err != nil {
		l.fail("%v", err)
	}
	l.sync(x, 1+l.rng.IntN(30))
	first, second := l.countOf(l.x), l.countOf(x)
	for name, list := range first {
		if !slices.Equal(list, second[name]) {
			l.fail("%s of the copy (ahead %v) has %q, and lacks %q\n%+v", name, ahead, without(second[name], list), without(list, second[name]), e)
		}
	}
	if err := x.Close(); err != nil {
		l.fail("%v", err)
	}
}

// countOf returns what a wallet says of mined transactions. Outputs that an unmined one of the
// wallet at hand spends are left out.
func (l *lifetime) countOf(x *Wallet) map[string][]string {
	l.t.Helper()
	ctx := l.t.Context()
	balances, err := x.Balances(ctx, 1)
	history, err2 := x.History(ctx, HistoryFilter{})
	outputs, err3 := x.Unspent(ctx, OutputFilter{MinConf: 1})
	unmined, err4 := l.x.Unmined(ctx)
	if err := errors.Join(err, err2, err3, err4, x.Check(ctx)); err != nil {
		l.fail("%v", err)
	}
	count := make(map[string][]string)
	for _, a := range balances.Accounts {
		a.Total, a.Unconfirmed, a.Spending = 0, 0, 0
		count["balance"] = append(count["balance"], fmt.Sprintf("%s %+v", a.Account, a.Balance))
	}
	for _, h := range history {
		if h.Mined() && len(h.Credits)+len(h.Debits) > 0 {
			count["history"] = append(count["history"], fmt.Sprint(h.Place.Height, h.Place.Tree, int(h.Place.Index), h.Hash, int64(h.Net())))
		}
	}
	spent := make(map[string]bool) // PrevOuts may name another tree
	for _, u := range unmined {
		for _, op := range txn.PrevOuts(u.Tx) {
			spent[op.Hash.String()+fmt.Sprint(op.Index)] = true
		}
	}
	for _, u := range outputs {
		if !spent[u.OutPoint.Hash.String()+fmt.Sprint(u.OutPoint.Index)] {
			count["unspent"] = append(count["unspent"], fmt.Sprint(u.OutPoint, int64(u.Amount)))
		}
	}
	slices.Sort(count["history"])
	slices.Sort(count["unspent"])
	return count
}

// chainHeaders is the chain store of a world.
type chainHeaders struct{ chainBranches }

func (c chainHeaders) Header(h consensus.Height) (consensus.Header, error) {
	if int(h) >= len(c.main) {
		return consensus.Header{}, chain.ErrNotFound
	}
	return c.main[h].Header, nil
}
