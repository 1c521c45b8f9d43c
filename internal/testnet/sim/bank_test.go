package sim_test

import (
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// bank is a client with real wallets on a random network, and the tape that they
// are held to.
type bank struct {
	*plot
	market *market
	set    *wallet.Set
	dir    string
	vaults []*vault
	plans  map[consensus.Height][]testnet.Tx // of the best chain
	blocks map[chainhash.Hash]*wire.MsgBlock // that were read so far
}

// vault is a wallet: its name, whose accounts it has, and whose it will have.
type vault struct {
	name   string
	has    []*holder
	coming []*holder
}

// newBank gives the client of a plot three wallets. Two of them watch the same
// account; what is theirs at once and what is imported later is left to chance.
func newBank(p *plot, plans map[consensus.Height][]testnet.Tx, blocks map[chainhash.Hash]*wire.MsgBlock, m *market) *bank {
	b := &bank{plot: p, market: m, plans: plans, dir: filepath.Join(p.TempDir(), "wallets"), blocks: blocks}
	all := holders()
	b.vaults = []*vault{
		{name: "default", coming: []*holder{all[0]}},
		{name: "other", coming: []*holder{all[1], all[2]}},
		{name: "mirror", coming: []*holder{all[3], all[0]}},
	}
	b.makePool()
	b.reopen()
	return b
}

// reopen opens the wallets as another process would.
func (b *bank) reopen() {
	b.Helper()
	if b.set != nil {
		if err := b.set.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.set = wallet.NewSet(wallet.SetConfig{Dir: b.dir, Params: b.cfg.Params, Log: b.log.With("at", "wallet"), Now: time.Now})
	if err := b.set.OpenAll(); err != nil {
		b.Fatal(err)
	}
	b.cfg.Wallet = b.set
}

// wallet returns the wallet of a vault, and makes it if there is none.
func (b *bank) wallet(v *vault) *wallet.Wallet {
	b.Helper()
	w, err := b.set.Make(v.name)
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// importNext imports the next account of a vault, if there is one to come.
func (b *bank) importNext(v *vault) {
	b.Helper()
	if len(v.coming) == 0 {
		return
	}
	h := v.coming[0]
	if _, err := b.wallet(v).ImportXpub(b.Context(), h.name, h.xpub, wallet.AccountOptions{}); err != nil {
		b.Fatal(err)
	}
	v.has, v.coming = append(v.has, h), v.coming[1:]
	b.Logf("%s watches %s", v.name, h.name)
}

// block returns a block of a chain.
func (b *bank) block(c *testnet.Chain, h consensus.Height) *wire.MsgBlock {
	id := c.ID(h)
	if b.blocks[id.Hash] == nil {
		b.blocks[id.Hash] = c.Block(h)
	}
	return b.blocks[id.Hash]
}

// tape plays the best chain up to a height.
func (b *bank) tape(upTo consensus.Height, who []*holder) *tape {
	best := b.best
	return play(func(h consensus.Height) *wire.MsgBlock { return b.block(best, h) }, upTo, who)
}

// grow puts blocks with new deals on the best chain. With a depth, they take the
// place of its newest ones.
func (b *bank) grow(depth, n int) {
	at := b.best.Height() - consensus.Height(depth)
	for h := at + 1; h <= b.best.Height(); h++ {
		b.market.leave(b.plans[h])
		delete(b.plans, h)
	}
	plan := b.market.plan(b.tape(at, holders()), at, n)
	for h, txs := range plan {
		b.plans[h] = txs
	}
	b.become(b.best.Grow(testnet.Branch{At: at, Blocks: n, Seed: b.chance.Uint64(), Plan: plan}))
}

// mustAgree waits until the client is synced, with all wallets, and compares them
// with the tape.
func (b *bank) mustAgree() {
	b.Helper()
	tip := b.best.Tip()
	b.until("synced with all wallets", func(st spv.Status) bool {
		return st.Synced && st.Tip == tip && !slices.ContainsFunc(b.vaults, func(v *vault) bool {
			return len(v.has) > 0 && b.wallet(v).Status().Scanned != tip
		})
	})
	for _, v := range b.vaults {
		if len(v.has) > 0 {
			b.compare(v, b.tape(tip.Height, v.has))
		}
	}
}

// compare compares a wallet with the tape of its holders.
func (b *bank) compare(v *vault, t *tape) {
	b.Helper()
	w, tip := b.wallet(v), b.best.Tip()
	if err := w.Check(b.Context()); err != nil {
		b.Errorf("wallet %s: %v", v.name, err)
	}
	b.compareMoney(v, w, t)
	for op, n := range t.coins {
		o, err := w.Output(b.Context(), op, false)
		switch {
		case n.spent || n.of == nil:
			if !errors.Is(err, wallet.ErrNoOutput) {
				b.Errorf("wallet %s: output %v is spent or a stranger's, but %+v (%v)", v.name, op, o, err)
			}
		case err != nil || o.Account != n.of.name || int64(o.Amount) != n.amount || o.Confirmations != int64(tip.Height-n.height)+1:
			b.Errorf("wallet %s: output %v of block %d is %d atoms for %s, but %+v (%v)", v.name, op, n.height, n.amount, n.of.name, o, err)
		}
	}
	b.compareHistory(v, w, t)
}

func (b *bank) compareMoney(v *vault, w *wallet.Wallet, t *tape) {
	b.Helper()
	got, err := w.Balances(b.Context(), 1)
	if err != nil {
		b.Fatal(err)
	}
	received := make(map[string]int64)
	list, err := w.Received(b.Context(), 1)
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range list {
		received[r.Account] += int64(r.Amount)
	}
	money := t.money(b.best.Height())
	for i, h := range v.has {
		a := got.Accounts[i]
		have := *money[h]
		want := wallet.Balance{
			Spendable:       dcrutil.Amount(have.spendable),
			ImmatureStake:   dcrutil.Amount(have.immature),
			LockedByTickets: dcrutil.Amount(have.locked),
			VotingAuthority: dcrutil.Amount(have.voting),
			Unconfirmed:     a.Unconfirmed, // by what reorganisations have taken back
			Spending:        a.Spending,    // as well
			Total:           a.Total,
		}
		if a.Account != h.name || a.Balance != want || received[h.name] != have.received {
			b.Errorf("wallet %s: %s has %+v and received %d, want %+v and %d", v.name, h.name, a, received[h.name], want, have.received)
		}
	}
}

func (b *bank) compareHistory(v *vault, w *wallet.Wallet, t *tape) {
	b.Helper()
	history, err := w.History(b.Context(), wallet.HistoryFilter{})
	if err != nil {
		b.Fatal(err)
	}
	var got []deal
	for _, tx := range slices.Backward(history) {
		if tx.Mined() {
			got = append(got, deal{tx.Hash, tx.Place.Height, int64(tx.Net())})
		}
	}
	if !slices.Equal(got, t.deals) {
		i := 0
		for i < min(len(got), len(t.deals)) && got[i] == t.deals[i] {
			i++
		}
		b.Errorf("wallet %s: %d transactions, want %d; they differ from number %d on: %v, want %v",
			v.name, len(got), len(t.deals), i, got[i:min(i+1, len(got))], t.deals[i:min(i+1, len(t.deals))])
	}
}

// unmined returns the unmined transactions of a wallet.
func (b *bank) unmined(v *vault) (list []chainhash.Hash) {
	b.Helper()
	err := b.wallet(v).EachTransaction(b.Context(), wallet.HistoryFilter{}, func(t *wallet.Transaction) bool {
		if !t.Mined() {
			list = append(list, t.Hash)
		}
		return !t.Mined() // the others follow the unmined ones
	})
	if err != nil {
		b.Fatal(err)
	}
	return list
}

// mustForgetUnmined abandons what reorganisations have taken back for good. Then the
// whole list of unspent outputs is that of the tape.
func (b *bank) mustForgetUnmined() {
	b.Helper()
	for _, v := range b.vaults {
		w, t := b.wallet(v), b.tape(b.best.Height(), v.has)
		for {
			left := b.unmined(v)
			if len(left) == 0 {
				break
			}
			if err := w.Abandon(b.Context(), left[0]); err != nil {
				b.Fatal(err)
			}
		}
		want := t.pick(func(n *note) bool { return !n.spent && n.of != nil })
		got, listed := make(map[wire.OutPoint]bool), 0
		err := w.EachUnspent(b.Context(), wallet.OutputFilter{}, func(o *wallet.Output) bool {
			got[bare(o.OutPoint)] = true
			listed++
			return true
		})
		if err != nil {
			b.Fatal(err)
		}
		for _, op := range want {
			if !got[op] {
				b.Errorf("wallet %s: unspent output %v is not listed", v.name, op)
			}
		}
		if listed != len(want) {
			b.Errorf("wallet %s: %d unspent outputs, want %d", v.name, listed, len(want))
		}
		b.compare(v, t)
	}
}
