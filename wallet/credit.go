package wallet

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"
)

// credit is an output of a mined transaction that is not void and that belongs
// to a watched script; or a ticket with a commitment to one.
type credit struct {
	place  Place
	script uint32         // its number; nobody for tickets
	amount dcrutil.Amount // in atoms
	source Source
}

// The credits table. Keys are outpoints. Values: place of the transaction,
// script number (u32), amount in atoms (u64), source (u8).
func creditsTable() tableKind {
	return tableKind{"credits", outpointSize, placeSize + 4 + 8 + 1, recentRows, largestRun}
}

// The spends table. Keys are the outpoints of those credits that a mined transaction
// spends. Values: place of that transaction, index of its input (u32).
func spendsTable() tableKind {
	return tableKind{"spends", outpointSize, placeSize + 4, recentRows, largestRun}
}

// The commitments bucket. Keys: the outpoint of the commitment in a ticket.
// Values as of credits. A commitment lasts as long as the ticket is unspent.
var commitmentsBucket = []byte("commitments")

// The payments table. Keys: script number (u32), place, output index (u32).
// Values: amount in atoms (u64), source (u8). It has the credits other than
// tickets, and the commitments, by what they pay to.
func paymentsTable() tableKind {
	return tableKind{"payments", 4 + placeSize + 4, 8 + 1, recentRows, largestRun}
}

// tables returns all tables of the file.
func tables() []tableKind {
	return []tableKind{placesTable(), creditsTable(), spendsTable(), paymentsTable(), unspentTable()}
}

func (c credit) encode() []byte {
	b := c.place.append(make([]byte, 0, placeSize+4+8+1))
	b = binary.BigEndian.AppendUint32(b, c.script)
	b = binary.BigEndian.AppendUint64(b, uint64(c.amount))
	return append(b, byte(c.source))
}

func decodeCredit(v []byte) (credit, error) {
	r := row{rest: v}
	c := credit{place: r.place(), script: r.u32(), amount: dcrutil.Amount(r.u64()), source: Source(r.u8())}
	if c.source > lastSource || c.amount < 0 {
		r.bad = true
	}
	return c, r.done()
}

// getCredit returns the credit of an outpoint.
func getCredit(tx *bolt.Tx, op wire.OutPoint) (c credit, ok bool, err error) {
	t, err := openTable(tx, creditsTable())
	if err != nil {
		return c, false, err
	}
	v, err := t.get(outpointKey(op))
	if v == nil || err != nil {
		return c, false, err
	}
	if c, err = decodeCredit(v); err != nil {
		return c, false, fmt.Errorf("read credit %s: %w", op, err)
	}
	return c, true, nil
}

// spender is the input that spends a credit.
type spender struct {
	place Place
	input uint32
}

func (s spender) encode() []byte {
	return binary.BigEndian.AppendUint32(s.place.key(), s.input)
}

func decodeSpender(v []byte) (spender, error) {
	r := row{rest: v}
	s := spender{place: r.place(), input: r.u32()}
	return s, r.done()
}

// getSpender returns what spends an outpoint.
func getSpender(tx *bolt.Tx, op wire.OutPoint) (s spender, ok bool, err error) {
	t, err := openTable(tx, spendsTable())
	if err != nil {
		return s, false, err
	}
	v, err := t.get(outpointKey(op))
	if v == nil || err != nil {
		return s, false, err
	}
	if s, err = decodeSpender(v); err != nil {
		return s, false, fmt.Errorf("read spender of %s: %w", op, err)
	}
	return s, true, nil
}

// payment is a row of the payments bucket.
type payment struct {
	script uint32
	place  Place
	index  uint32
	amount dcrutil.Amount
	source Source
}

func (p payment) encode() (k, v []byte) {
	v = binary.BigEndian.AppendUint64(nil, uint64(p.amount))
	return paymentKey(p.script, p.place, p.index), append(v, byte(p.source))
}

func decodePayment(k, v []byte) (payment, error) {
	key, r := row{rest: k}, row{rest: v}
	p := payment{key.u32(), key.place(), key.u32(), dcrutil.Amount(r.u64()), Source(r.u8())}
	if key.done() != nil || r.done() != nil || p.amount < 0 || p.source > lastSource {
		return p, fmt.Errorf("read payment %x: %w", k, ErrCorrupt)
	}
	return p, nil
}

func putPayment(tx *bolt.Tx, place Place, c credited) error {
	t, err := openTable(tx, paymentsTable())
	if err != nil {
		return err
	}
	return t.put(payment{c.script, place, c.index, c.amount, c.source}.encode())
}

// deletePayment removes what putPayment stored.
func deletePayment(tx *bolt.Tx, script uint32, place Place, index uint32) error {
	t, err := openTable(tx, paymentsTable())
	if err != nil {
		return err
	}
	return t.delete(paymentKey(script, place, index))
}

// paymentsOf calls fn for what pays a script or is committed to it, in the order of the
// chain.
func paymentsOf(tx *bolt.Tx, script uint32, fn func(p payment) error) error {
	t, err := openTable(tx, paymentsTable())
	if err != nil {
		return err
	}
	return t.prefixed(key32(script), func(k, v []byte) error {
		p, err := decodePayment(k, v)
		if err != nil {
			return err
		}
		return fn(p)
	})
}

// paymentKey returns the key of a credit in the payments bucket.
func paymentKey(script uint32, p Place, index uint32) []byte {
	b := make([]byte, 0, 4+placeSize+4)
	b = binary.BigEndian.AppendUint32(b, script)
	return binary.BigEndian.AppendUint32(p.append(b), index)
}

// record stores what a mined transaction that is not void does. It may be
// stored already, in whole or in part.
func record(tx *bolt.Tx, place Place, hash *chainhash.Hash, e *effects) error {
	for _, c := range e.credits {
		if err := recordCredit(tx, place, hash, c, e.expires); err != nil {
			return err
		}
	}
	for _, c := range e.commitments {
		op := wire.OutPoint{Hash: *hash, Index: c.index}
		row := credit{place, c.script, c.amount, c.source}
		if err := tx.Bucket(commitmentsBucket).Put(outpointKey(op), row.encode()); err != nil {
			return err
		}
		if err := putPayment(tx, place, c); err != nil {
			return err
		}
	}
	for _, s := range e.spends {
		if err := recordSpend(tx, place, s); err != nil {
			return err
		}
	}
	return nil
}

func recordCredit(tx *bolt.Tx, place Place, hash *chainhash.Hash, c credited, expires bool) error {
	key := outpointKey(wire.OutPoint{Hash: *hash, Index: c.index})
	credits, err := openTable(tx, creditsTable())
	if err != nil {
		return err
	}
	if err := credits.put(key, credit{place, c.script, c.amount, c.source}.encode()); err != nil {
		return err
	}
	if c.source != FromTicket {
		if err := putPayment(tx, place, c); err != nil {
			return err
		}
		if c.source != FromPayment || expires {
			aging := tx.Bucket(agingBucket)
			aging.FillPercent = appended
			if err := aging.Put(holdingKey(place, c.index), agingValue(expires)); err != nil {
				return err
			}
		}
	}
	spends, err := openTable(tx, spendsTable())
	if err != nil {
		return err
	}
	if v, err := spends.get(key); err != nil || v != nil {
		return err
	}
	return hold(tx, hash, holding{place, c.index, c.script, c.amount, c.source})
}

func recordSpend(tx *bolt.Tx, place Place, s spent) error {
	c, ok, err := getCredit(tx, s.prev)
	if err != nil || !ok {
		return err
	}
	spends, err := openTable(tx, spendsTable())
	if err != nil {
		return err
	}
	if err := spends.put(outpointKey(s.prev), spender{place, s.input}.encode()); err != nil {
		return err
	}
	return unhold(tx, &s.prev.Hash, c.holding(s.prev.Index))
}

// holding returns the row of the unspent table of a credit.
func (c *credit) holding(index uint32) holding {
	return holding{c.place, index, c.script, c.amount, c.source}
}

// revoke removes what record stored of a transaction.
func revoke(tx *bolt.Tx, m *mined) error {
	for _, in := range m.tx.TxIn {
		if err := revokeSpend(tx, m.place, in.PreviousOutPoint); err != nil {
			return err
		}
	}
	for i := range m.tx.TxOut {
		op := wire.OutPoint{Hash: m.hash, Index: uint32(i)}
		if err := revokeCredit(tx, m.place, op); err != nil {
			return err
		}
		if err := revokeCommitment(tx, op); err != nil {
			return err
		}
	}
	return nil
}

func revokeCommitment(tx *bolt.Tx, op wire.OutPoint) error {
	b, key := tx.Bucket(commitmentsBucket), outpointKey(op)
	v := b.Get(key)
	if v == nil {
		return nil
	}
	c, err := decodeCredit(v)
	if err != nil {
		return fmt.Errorf("read commitment %s: %w", op, err)
	}
	if err := deletePayment(tx, c.script, c.place, op.Index); err != nil {
		return err
	}
	return b.Delete(key)
}

func revokeSpend(tx *bolt.Tx, place Place, prev wire.OutPoint) error {
	s, ok, err := getSpender(tx, prev)
	if err != nil || !ok || s.place != place {
		return err
	}
	spends, err := openTable(tx, spendsTable())
	if err != nil {
		return err
	}
	if err := spends.delete(outpointKey(prev)); err != nil {
		return err
	}
	c, ok, err := getCredit(tx, prev)
	if err != nil || !ok {
		return err
	}
	return hold(tx, &prev.Hash, c.holding(prev.Index))
}

func revokeCredit(tx *bolt.Tx, place Place, op wire.OutPoint) error {
	c, ok, err := getCredit(tx, op)
	if err != nil || !ok || c.place != place {
		return err
	}
	if err := unhold(tx, &op.Hash, c.holding(op.Index)); err != nil {
		return err
	}
	if c.source != FromTicket {
		if err := deletePayment(tx, c.script, place, op.Index); err != nil {
			return err
		}
		if err := tx.Bucket(agingBucket).Delete(holdingKey(place, op.Index)); err != nil {
			return err
		}
	}
	credits, err := openTable(tx, creditsTable())
	if err != nil {
		return err
	}
	return credits.delete(outpointKey(op))
}

// commitmentsOf returns the watched commitments of a ticket.
func commitmentsOf(tx *bolt.Tx, ticket *chainhash.Hash) ([]credit, error) {
	var list []credit
	c := tx.Bucket(commitmentsBucket).Cursor()
	for k, v := c.Seek(ticket[:]); bytes.HasPrefix(k, ticket[:]); k, v = c.Next() {
		row, err := decodeCredit(v)
		if err != nil {
			return nil, fmt.Errorf("read commitment of ticket %s: %w", ticket, err)
		}
		list = append(list, row)
	}
	return list, nil
}
