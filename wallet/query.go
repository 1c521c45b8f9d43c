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
	Confirmations int64 // zero while unmined
	Mature        bool  // the next block may spend it
	Locked        bool  // see LockOutputs
}

// OutputFilter chooses among unspent outputs. The zero value chooses all.
type OutputFilter struct {
	MinConf int64
	MaxConf int64  // zero is no limit
	Account string // empty is any

	// Addresses are the only ones wanted. Empty is any.
	Addresses []string

	// Usable leaves out what cannot be spent now: immature outputs and locked
	// ones.
	Usable bool
}

// Unspent returns the outputs that no transaction spends, mined or not, in the
// order of the chain. Tickets are among them if the wallet may vote with them.
func (w *Wallet) Unspent(ctx context.Context, f OutputFilter) ([]Output, error) {
	var list []Output
	err := w.view(ctx, func(tx *bolt.Tx, s *snapshot) error {
		q, err := newQuery(w, tx, s)
		if err != nil {
			return err
		}
		places, err := q.unspentMined(ctx, &f)
		if err != nil {
			return err
		}
		slices.SortFunc(places, func(a, b placed) int { return a.compare(b) })
		for _, o := range places {
			list = append(list, o.Output)
		}
		if f.MinConf <= 0 {
			list = append(list, q.unspentUnmined(&f)...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("unspent outputs: %w", err)
	}
	return list, nil
}

// placed is a mined output and its place.
type placed struct {
	Output
	place Place
}

func (p placed) compare(o placed) int {
	return bytes.Compare(binaryOrder(p), binaryOrder(o))
}

func binaryOrder(p placed) []byte { return append(p.place.key(), key32(p.OutPoint.Index)...) }

// query is one reading of the books.
type query struct {
	w    *Wallet
	tx   *bolt.Tx
	s    *snapshot
	pool *pool
}

// unspentMined returns the mined outputs of a filter, in no order.
func (q *query) unspentMined(ctx context.Context, f *OutputFilter) ([]placed, error) {
	var list []placed
	err := all(q.tx.Bucket(unspentBucket), func(k, _ []byte) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r := row{rest: k}
		op := r.outpoint()
		c, ok, err := getCredit(q.tx, op)
		if err != nil || !ok {
			return fmt.Errorf("unspent output %s: %w", op, orCorrupt(err))
		}
		if _, spending := q.pool.spentBy[op]; spending {
			return nil
		}
		o, ok, err := q.minedOutput(op, c)
		if ok && f.takes(&o) {
			list = append(list, placed{o, c.place})
		}
		return err
	})
	return list, err
}

// unspentUnmined returns the unmined outputs of a filter, parents first.
func (q *query) unspentUnmined(f *OutputFilter) []Output {
	var list []Output
	for _, u := range q.pool.sorted() {
		for _, c := range q.w.effectsOf(q.s, u).credits {
			op := wire.OutPoint{Hash: u.hash, Index: c.index}
			if _, spending := q.pool.spentBy[op]; spending {
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
func (q *query) minedOutput(op wire.OutPoint, c credit) (o Output, ok bool, err error) {
	m, err := getMined(q.tx, c.place)
	if err != nil || m == nil || int(op.Index) >= len(m.tx.TxOut) {
		return o, false, fmt.Errorf("output %s: %w", op, orCorrupt(err))
	}
	script, ok := c.script, true
	if c.source == FromTicket {
		script, ok = voter(m.tx, q.w.ownerAt(q.s, c.place.Height))
	}
	if !ok {
		return o, false, nil
	}
	op.Tree = c.place.Tree
	confs := confirmations(c.place.Height, q.s.tip.Height)
	return q.output(op, kindAt(c.place, m.tx), m.tx, script, c.source, confs), true, nil
}

// unminedOutput does the same for an unmined transaction.
func (q *query) unminedOutput(op wire.OutPoint, u *unmined, c credited) (o Output, ok bool) {
	script, ok := c.script, true
	if c.source == FromTicket {
		script, ok = voter(u.tx, q.w.owner(q.s))
	}
	if !ok {
		return o, false
	}
	op.Tree = treeOf(u.kind)
	return q.output(op, u.kind, u.tx, script, c.source, 0), true
}

// output describes an output of a transaction.
func (q *query) output(op wire.OutPoint, kind Kind, tx *wire.MsgTx, script uint32, source Source, confs int64) Output {
	out, sc := tx.TxOut[op.Index], &q.s.scripts[script]
	maturity := source.maturity(tx, q.w.cfg.Params.Params)
	o := Output{
		OutPoint:      op,
		Kind:          kind,
		Source:        source,
		Account:       q.s.accountName(sc.account),
		Address:       scriptAddress(q.w.cfg.Params.Params, sc.pay),
		PkScript:      bytes.Clone(out.PkScript),
		Amount:        dcrutil.Amount(out.Value),
		Confirmations: confs,
		Mature:        confs >= maturity || maturity == 1 && source == FromPayment,
		Locked:        isLocked(q.tx, op),
	}
	if isScriptHash(sc.pay) {
		o.RedeemScript = bytes.Clone(q.tx.Bucket(preimagesBucket).Get(key32(script)))
	}
	return o
}

// takes reports whether the filter chooses an output.
func (f *OutputFilter) takes(o *Output) bool {
	switch {
	case o.Confirmations < f.MinConf, f.MaxConf > 0 && o.Confirmations > f.MaxConf:
		return false
	case f.Account != "" && f.Account != o.Account:
		return false
	case len(f.Addresses) > 0 && !slices.Contains(f.Addresses, o.Address):
		return false
	}
	return !f.Usable || o.Mature && !o.Locked
}

// treeOf returns the tree that transactions of a kind are in.
func treeOf(k Kind) int8 {
	if k == Regular || k == Coinbase {
		return wire.TxTreeRegular
	}
	return wire.TxTreeStake
}

func newQuery(w *Wallet, tx *bolt.Tx, s *snapshot) (*query, error) {
	p := s.pool
	if tx.Writable() {
		p = w.draftPool()
	}
	return &query{w, tx, s, p}, nil
}

// find returns an output of the wallet that no transaction spends.
func (q *query) find(op wire.OutPoint) (o Output, ok bool, err error) {
	op = bare(op)
	if _, spending := q.pool.spentBy[op]; spending {
		return o, false, nil
	}
	if u := q.pool.byHash[op.Hash]; u != nil {
		o, ok = q.findUnmined(op, u)
		return o, ok, nil
	}
	c, ok, err := getCredit(q.tx, op)
	if err != nil || !ok {
		return o, false, err
	}
	if _, spent, err := getSpender(q.tx, op); spent || err != nil {
		return o, false, err
	}
	return q.minedOutput(op, c)
}

// whyNone returns the error for an output that find has not found.
func (q *query) whyNone(op wire.OutPoint) error {
	_, ours, err := getCredit(q.tx, op)
	if err != nil {
		return err
	}
	if u := q.pool.byHash[op.Hash]; u != nil {
		_, ours = q.findUnmined(op, u)
	}
	_, spent, err := getSpender(q.tx, op)
	if _, spending := q.pool.spentBy[op]; err == nil && ours && (spent || spending) {
		return ErrSpent
	}
	return cmp.Or(err, ErrNoOutput)
}

func (q *query) findUnmined(op wire.OutPoint, u *unmined) (o Output, ok bool) {
	for _, c := range q.w.effectsOf(q.s, u).credits {
		if c.index == op.Index {
			return q.unminedOutput(op, u, c)
		}
	}
	return o, false
}

// Output returns an output of the wallet that no transaction spends. Without
// unmined, only mined transactions count. The error is ErrNoOutput, or ErrSpent
// for an output of the wallet that is spent.
func (w *Wallet) Output(ctx context.Context, op wire.OutPoint, unmined bool) (o Output, err error) {
	err = w.view(ctx, func(tx *bolt.Tx, s *snapshot) error {
		q, err := newQuery(w, tx, s)
		if err != nil {
			return err
		}
		if !unmined {
			q.pool = newPool()
		}
		var ok bool
		if o, ok, err = q.find(op); err == nil && !ok {
			err = q.whyNone(bare(op))
		}
		return err
	})
	if err != nil {
		return Output{}, fmt.Errorf("output %s: %w", op, err)
	}
	return o, nil
}
