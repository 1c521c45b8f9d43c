package wallet

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Output is an unspent output that belongs to the wallet.
type Output struct {
	OutPoint      wire.OutPoint
	Kind          Kind // of its transaction
	Source        Source
	Account       string
	Address       string // empty for scripts without one
	PkScript      []byte // with its stake tag
	RedeemScript  []byte // of a pay-to-script-hash output, if known
	Amount        dcrutil.Amount
	Confirmations int64  // zero while unmined
	Mature        bool   // the next block may spend it
	Locked        bool   // see LockOutputs and Build
	Label         string // of the address
}

// OutputFilter chooses among unspent outputs. The zero value chooses all.
type OutputFilter struct {
	MinConf int64
	MaxConf int64 // zero is no limit, below zero is unmined only

	// Account is the only account wanted. Empty is any. The error is ErrNoAccount.
	Account string

	// Addresses are the only ones wanted. Empty is any.
	Addresses []string

	// Usable leaves out what cannot be spent now: immature outputs, locked ones, and
	// tickets, which nothing but their vote or revocation spends. WithTickets keeps
	// mature tickets all the same.
	Usable, WithTickets bool
}

// EachUnspent calls yield for the outputs that no transaction spends, mined or not, in
// the order of the chain, until it returns false. Tickets are among them if the wallet
// may vote with them. What the filter leaves out is hardly read: with addresses only
// what was ever paid to them, and none that has too few or too many confirmations.
// The errors are ErrNoAccount and those of ImportAddress.
func (w *Wallet) EachUnspent(ctx context.Context, f OutputFilter, yield func(*Output) bool) error {
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		if err := s.Chosen(f.Account); err != nil {
			return err
		}
		q := newQuery(w, tx, s)
		more, err := q.unspentMined(ctx, &f, yield)
		if err != nil || !more || f.MinConf > 0 {
			return err
		}
		for _, o := range q.unspentUnmined(&f) {
			if !yield(&o) {
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("unspent outputs: %w", err)
	}
	return nil
}

// query is one reading of the books.
type query struct {
	w    *Wallet
	tx   *bolt.Tx
	s    *state.Snapshot
	pool *ledger.Pool
}

// unspentMined calls yield for the mined outputs of a filter, and reports whether more
// are wanted.
func (q *query) unspentMined(ctx context.Context, f *OutputFilter, yield func(*Output) bool) (more bool, err error) {
	if f.MaxConf < 0 {
		return true, nil
	}
	spending, err := q.spending()
	if err != nil {
		return false, err
	}
	more = true
	var m *ledger.Mined // the transaction of the last output
	var y yielder
	each := func(k, v []byte) (bool, error) {
		y.row()
		h, err := ledger.DecodeHolding(k, v)
		if err != nil || ctx.Err() != nil {
			return false, cmp.Or(err, context.Cause(ctx))
		}
		confs := confirmations(h.Place.Height, q.s.Tip.Height)
		if confs < f.MinConf {
			return false, nil // so has all that follows
		}
		if spending[string(k)] || f.tooOld(confs) || h.Source != FromTicket && !q.wanted(f, h.Script) {
			return true, nil
		}
		if m == nil || m.Place != h.Place {
			if m, err = ledger.GetMined(q.tx, h.Place); err != nil || m == nil {
				return false, fmt.Errorf("unspent output at %x: %w", k, cmp.Or(err, ErrCorrupt))
			}
		}
		op := wire.OutPoint{Hash: m.Hash, Index: h.Index}
		o, ok, err := q.outputOf(m, op, ledger.Credit{Place: h.Place, Script: h.Script, Amount: h.Amount, Source: h.Source})
		if ok && f.takes(&o) {
			more = yield(&o)
		}
		return more, err
	}
	unspent, err := rows.OpenTable(q.tx, ledger.UnspentTable())
	if err != nil {
		return false, err
	}
	if len(f.Addresses) > 0 {
		return more, q.unspentOf(f.Addresses, unspent, each)
	}
	first := int64(0)
	if f.MaxConf > 0 {
		first = max(0, int64(q.s.Tip.Height)-f.MaxConf+1)
	}
	return more, unspent.Walk(rows.Key(uint32(first)), each)
}

// unspentOf calls fn for the rows of the unspent table of addresses, and tickets that
// they may vote with.
func (q *query) unspentOf(addresses []string, unspent *rows.Table, fn func(k, v []byte) (bool, error)) error {
	scripts, err := q.scriptsOf(addresses)
	if err != nil {
		return err
	}
	var keys [][]byte
	for _, n := range scripts {
		err := ledger.PaymentsOf(q.tx, n, func(p ledger.Payment) error {
			keys = append(keys, ledger.HoldingKey(p.Place, p.Index))
			return nil
		})
		if err != nil {
			return err
		}
	}
	err = rows.Each(q.tx.Bucket(ledger.TicketsBucket), func(k, _ []byte) error {
		r := rows.Row{Rest: k}
		op := r.OutPoint()
		c, ok, err := ledger.GetCredit(q.tx, op)
		if err != nil || !ok || r.Done() != nil {
			return fmt.Errorf("unspent ticket %s: %w", op, cmp.Or(err, ErrCorrupt))
		}
		keys = append(keys, ledger.HoldingKey(c.Place, op.Index))
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(keys, bytes.Compare)
	for _, k := range slices.CompactFunc(keys, bytes.Equal) {
		v, err := unspent.Get(k)
		if v == nil && err == nil {
			continue
		}
		if err != nil {
			return err
		}
		if more, err := fn(k, v); err != nil || !more {
			return err
		}
	}
	return nil
}

// spending returns the rows of the unspent table, by their keys, that unmined
// transactions spend.
func (q *query) spending() (map[string]bool, error) {
	keys := make(map[string]bool)
	for op := range q.pool.SpentBy {
		c, ok, err := ledger.GetCredit(q.tx, op)
		if err != nil {
			return nil, err
		}
		if ok {
			keys[string(ledger.HoldingKey(c.Place, op.Index))] = true
		}
	}
	return keys, nil
}

// wanted reports whether a filter may choose the outputs of a script, by its account.
func (q *query) wanted(f *OutputFilter, script uint32) bool {
	return f.Account == "" || q.s.AccountName(q.s.Scripts[script].Account) == f.Account
}

// unspentUnmined returns the unmined outputs of a filter, parents first.
func (q *query) unspentUnmined(f *OutputFilter) []Output {
	var list []Output
	for _, u := range q.pool.Sorted() {
		for _, c := range q.w.store.Effects(q.s, u).Credits {
			op := wire.OutPoint{Hash: u.Hash, Index: c.Index}
			if _, spending := q.pool.SpentBy[op]; spending {
				continue
			}
			if o, ok := q.unminedOutput(op, u, c); ok && f.takes(&o) {
				list = append(list, o)
			}
		}
	}
	return list
}

// minedOutput describes an output of a mined transaction, unless it is a ticket
// that the wallet may not vote with.
func (q *query) minedOutput(op wire.OutPoint, c ledger.Credit) (o Output, ok bool, err error) {
	m, err := ledger.GetMined(q.tx, c.Place)
	if err != nil || m == nil {
		return o, false, fmt.Errorf("output %s: %w", op, cmp.Or(err, ErrCorrupt))
	}
	return q.outputOf(m, op, c)
}

// outputOf is minedOutput with the transaction.
func (q *query) outputOf(m *ledger.Mined, op wire.OutPoint, c ledger.Credit) (o Output, ok bool, err error) {
	if int(op.Index) >= len(m.Tx.TxOut) {
		return o, false, fmt.Errorf("output %s: %w", op, ErrCorrupt)
	}
	script, ok := c.Script, true
	if c.Source == FromTicket {
		script, ok = txn.Voter(m.Tx, q.w.store.OwnerAt(q.s, c.Place.Height))
	}
	if !ok {
		return o, false, nil
	}
	op.Tree = c.Place.Tree
	confs := confirmations(c.Place.Height, q.s.Tip.Height)
	return q.output(op, txn.KindAt(c.Place, m.Tx), m.Tx, script, c.Source, confs), true, nil
}

// unminedOutput does the same for an unmined transaction.
func (q *query) unminedOutput(op wire.OutPoint, u *ledger.Unmined, c txn.Credited) (o Output, ok bool) {
	script, ok := c.Script, true
	if c.Source == FromTicket {
		script, ok = txn.Voter(u.Tx, q.w.store.Owner(q.s))
	}
	if !ok {
		return o, false
	}
	op.Tree = txn.TreeOf(u.Kind)
	return q.output(op, u.Kind, u.Tx, script, c.Source, 0), true
}

// output describes an output of a transaction.
func (q *query) output(op wire.OutPoint, kind Kind, tx *wire.MsgTx, script uint32, source Source, confs int64) Output {
	out, sc := tx.TxOut[op.Index], &q.s.Scripts[script]
	maturity := txn.Maturity(source, tx, q.w.cfg.Params.ChainParams)
	o := Output{
		OutPoint:      op,
		Kind:          kind,
		Source:        source,
		Account:       q.s.AccountName(sc.Account),
		Address:       hd.ScriptAddress(q.w.cfg.Params.ChainParams, sc.Pay),
		PkScript:      bytes.Clone(out.PkScript),
		Amount:        dcrutil.Amount(out.Value),
		Confirmations: confs,
		Mature:        confs >= maturity || maturity == 1 && source == FromPayment,
		Locked:        ledger.IsLocked(q.tx, op, q.w.cfg.Now()),
	}
	if o.Address != "" {
		o.Label = string(q.tx.Bucket(state.LabelsBucket).Get([]byte(o.Address)))
	}
	if hd.IsScriptHash(sc.Pay) {
		o.RedeemScript = bytes.Clone(q.tx.Bucket(state.PreimagesBucket).Get(rows.Key(script)))
	}
	return o
}

// tooOld reports whether an output has too many confirmations for the filter.
func (f *OutputFilter) tooOld(confs int64) bool {
	return f.MaxConf != 0 && confs > max(f.MaxConf, 0)
}

// takes reports whether the filter chooses an output.
func (f *OutputFilter) takes(o *Output) bool {
	switch {
	case o.Confirmations < f.MinConf, f.tooOld(o.Confirmations):
		return false
	case f.Account != "" && f.Account != o.Account:
		return false
	case len(f.Addresses) > 0 && !slices.Contains(f.Addresses, o.Address):
		return false
	}
	return !f.Usable || o.Mature && !o.Locked && (f.WithTickets || o.Source != FromTicket)
}

func newQuery(w *Wallet, tx *bolt.Tx, s *state.Snapshot) *query {
	p := s.Pool
	if tx.Writable() {
		p = w.store.Draft()
	}
	return &query{w, tx, s, p}
}

// find returns an output of the wallet that no transaction spends.
func (q *query) find(op wire.OutPoint) (o Output, ok bool, err error) {
	op = txn.Bare(op)
	if _, spending := q.pool.SpentBy[op]; spending {
		return o, false, nil
	}
	if u := q.pool.ByHash[op.Hash]; u != nil {
		o, ok = q.findUnmined(op, u)
		return o, ok, nil
	}
	c, ok, err := ledger.GetCredit(q.tx, op)
	if err != nil || !ok {
		return o, false, err
	}
	if _, spent, err := ledger.GetSpender(q.tx, op); spent || err != nil {
		return o, false, err
	}
	return q.minedOutput(op, c)
}

// whyNone returns the error for an output that find has not found.
func (q *query) whyNone(op wire.OutPoint) error {
	_, ours, err := ledger.GetCredit(q.tx, op)
	if err != nil {
		return err
	}
	if u := q.pool.ByHash[op.Hash]; u != nil {
		_, ours = q.findUnmined(op, u)
	}
	_, spent, err := ledger.GetSpender(q.tx, op)
	if _, spending := q.pool.SpentBy[op]; err == nil && ours && (spent || spending) {
		return ErrSpent
	}
	return cmp.Or(err, ErrNoOutput)
}

func (q *query) findUnmined(op wire.OutPoint, u *ledger.Unmined) (o Output, ok bool) {
	for _, c := range q.w.store.Effects(q.s, u).Credits {
		if c.Index == op.Index {
			return q.unminedOutput(op, u, c)
		}
	}
	return o, false
}

// Output returns an output of the wallet that no transaction spends. Without
// unmined, only mined transactions count. The error is ErrNoOutput, or ErrSpent
// for an output of the wallet that is spent.
func (w *Wallet) Output(ctx context.Context, op wire.OutPoint, unmined bool) (o Output, err error) {
	o, _, err = w.OutputAt(ctx, op, unmined)
	return o, err
}

// OutputAt is Output, with the newest block that was applied at that moment.
func (w *Wallet) OutputAt(ctx context.Context, op wire.OutPoint, unmined bool) (o Output, tip consensus.BlockID, err error) {
	err = w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		tip = s.Tip
		q := newQuery(w, tx, s)
		if !unmined {
			q.pool = ledger.NewPool()
		}
		var ok bool
		if o, ok, err = q.find(op); err == nil && !ok {
			err = q.whyNone(txn.Bare(op))
		}
		return err
	})
	if err != nil {
		return Output{}, tip, fmt.Errorf("output %s: %w", op, err)
	}
	return o, tip, nil
}
