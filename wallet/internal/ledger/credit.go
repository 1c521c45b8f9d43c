package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Credit is an output of a mined transaction that is not void and that belongs
// to a watched script; or a ticket with a commitment to one.
type Credit struct {
	Place  txn.Place
	Script uint32         // its number; NoScript for tickets
	Amount dcrutil.Amount // in atoms
	Source txn.Source
}

// The credits table. Keys are outpoints. Values: place of the transaction,
// script number (u32), amount in atoms (u64), source (u8).
func CreditsTable() rows.Kind {
	return rows.KindOf("credits", rows.OutPointSize, txn.PlaceSize+4+8+1)
}

// The spends table. Keys are the outpoints of those credits that a mined transaction
// spends. Values: place of that transaction, index of its input (u32).
func SpendsTable() rows.Kind {
	return rows.KindOf("spends", rows.OutPointSize, txn.PlaceSize+4)
}

// The commitments bucket. Keys: the outpoint of the commitment in a ticket.
// Values as of credits. A commitment lasts as long as the ticket is unspent.
var CommitmentsBucket = []byte("commitments")

// The payments table. Keys: script number (u32), place, output index (u32).
// Values: amount in atoms (u64), source (u8). It has the credits other than
// tickets, and the commitments, by what they pay to.
func PaymentsTable() rows.Kind {
	return rows.KindOf("payments", 4+txn.PlaceSize+4, 8+1)
}

// Tables returns all tables of the file.
func Tables() []rows.Kind {
	return []rows.Kind{PlacesTable(), CreditsTable(), SpendsTable(), PaymentsTable(), UnspentTable()}
}

func (c Credit) Encode() []byte {
	b := txn.AppendPlace(make([]byte, 0, txn.PlaceSize+4+8+1), c.Place)
	b = binary.BigEndian.AppendUint32(b, c.Script)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Amount))
	return append(b, byte(c.Source))
}

func decodeCredit(v []byte) (Credit, error) {
	r := rows.Row{Rest: v}
	c := Credit{Place: readPlace(&r), Script: r.U32(), Amount: dcrutil.Amount(r.U64()), Source: txn.Source(r.U8())}
	if c.Source > txn.LastSource || c.Amount < 0 {
		r.Bad = true
	}
	return c, r.Done()
}

// GetCredit returns the credit of an outpoint.
func GetCredit(tx *bolt.Tx, op wire.OutPoint) (c Credit, ok bool, err error) {
	t, err := rows.OpenTable(tx, CreditsTable())
	if err != nil {
		return c, false, err
	}
	v, err := t.Get(rows.OutPointKey(op))
	if v == nil || err != nil {
		return c, false, err
	}
	if c, err = decodeCredit(v); err != nil {
		return c, false, fmt.Errorf("read credit %s: %w", op, err)
	}
	return c, true, nil
}

// Spender is the input that spends a credit.
type Spender struct {
	Place txn.Place
	Input uint32
}

func (s Spender) Encode() []byte {
	return binary.BigEndian.AppendUint32(txn.PlaceKey(s.Place), s.Input)
}

func decodeSpender(v []byte) (Spender, error) {
	r := rows.Row{Rest: v}
	s := Spender{Place: readPlace(&r), Input: r.U32()}
	return s, r.Done()
}

// GetSpender returns what spends an outpoint.
func GetSpender(tx *bolt.Tx, op wire.OutPoint) (s Spender, ok bool, err error) {
	t, err := rows.OpenTable(tx, SpendsTable())
	if err != nil {
		return s, false, err
	}
	v, err := t.Get(rows.OutPointKey(op))
	if v == nil || err != nil {
		return s, false, err
	}
	if s, err = decodeSpender(v); err != nil {
		return s, false, fmt.Errorf("read spender of %s: %w", op, err)
	}
	return s, true, nil
}

// Payment is a row of the payments bucket.
type Payment struct {
	Script uint32
	Place  txn.Place
	Index  uint32
	Amount dcrutil.Amount
	Source txn.Source
}

func (p Payment) Encode() (k, v []byte) {
	v = binary.BigEndian.AppendUint64(nil, uint64(p.Amount))
	return paymentKey(p.Script, p.Place, p.Index), append(v, byte(p.Source))
}

func DecodePayment(k, v []byte) (Payment, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	p := Payment{key.U32(), readPlace(&key), key.U32(), dcrutil.Amount(r.U64()), txn.Source(r.U8())}
	if key.Done() != nil || r.Done() != nil || p.Amount < 0 || p.Source > txn.LastSource {
		return p, fmt.Errorf("read payment %x: %w", k, rows.ErrCorrupt)
	}
	return p, nil
}

func putPayment(tx *bolt.Tx, place txn.Place, c txn.Credited) error {
	t, err := rows.OpenTable(tx, PaymentsTable())
	if err != nil {
		return err
	}
	return t.Put(Payment{c.Script, place, c.Index, c.Amount, c.Source}.Encode())
}

// deletePayment removes what putPayment stored.
func deletePayment(tx *bolt.Tx, script uint32, place txn.Place, index uint32) error {
	t, err := rows.OpenTable(tx, PaymentsTable())
	if err != nil {
		return err
	}
	return t.Delete(paymentKey(script, place, index))
}

// PaymentsOf calls fn for what pays a script or is committed to it, in the order of the
// chain.
func PaymentsOf(tx *bolt.Tx, script uint32, fn func(p Payment) error) error {
	t, err := rows.OpenTable(tx, PaymentsTable())
	if err != nil {
		return err
	}
	return t.Prefixed(rows.Key(script), func(k, v []byte) error {
		p, err := DecodePayment(k, v)
		if err != nil {
			return err
		}
		return fn(p)
	})
}

// paymentKey returns the key of a credit in the payments bucket.
func paymentKey(script uint32, p txn.Place, index uint32) []byte {
	b := make([]byte, 0, 4+txn.PlaceSize+4)
	b = binary.BigEndian.AppendUint32(b, script)
	return binary.BigEndian.AppendUint32(txn.AppendPlace(b, p), index)
}

// Record stores what a mined transaction that is not void does. It may be
// stored already, in whole or in part.
func Record(tx *bolt.Tx, place txn.Place, hash *chainhash.Hash, e *txn.Effects) error {
	for _, c := range e.Credits {
		if err := recordCredit(tx, place, hash, c, e.Expires); err != nil {
			return err
		}
	}
	for _, c := range e.Commitments {
		op := wire.OutPoint{Hash: *hash, Index: c.Index}
		row := Credit{place, c.Script, c.Amount, c.Source}
		if err := tx.Bucket(CommitmentsBucket).Put(rows.OutPointKey(op), row.Encode()); err != nil {
			return err
		}
		if err := putPayment(tx, place, c); err != nil {
			return err
		}
	}
	for _, s := range e.Spends {
		if err := RecordSpend(tx, place, s); err != nil {
			return err
		}
	}
	return nil
}

func recordCredit(tx *bolt.Tx, place txn.Place, hash *chainhash.Hash, c txn.Credited, expires bool) error {
	key := rows.OutPointKey(wire.OutPoint{Hash: *hash, Index: c.Index})
	credits, err := rows.OpenTable(tx, CreditsTable())
	if err != nil {
		return err
	}
	if err := credits.Put(key, Credit{place, c.Script, c.Amount, c.Source}.Encode()); err != nil {
		return err
	}
	if c.Source != txn.FromTicket {
		if err := putPayment(tx, place, c); err != nil {
			return err
		}
		if c.Source != txn.FromPayment || expires {
			aging := tx.Bucket(AgingBucket)
			aging.FillPercent = Appended
			if err := aging.Put(HoldingKey(place, c.Index), AgingValue(expires)); err != nil {
				return err
			}
		}
	}
	spends, err := rows.OpenTable(tx, SpendsTable())
	if err != nil {
		return err
	}
	if v, err := spends.Get(key); err != nil || v != nil {
		return err
	}
	return hold(tx, hash, Holding{place, c.Index, c.Script, c.Amount, c.Source})
}

func RecordSpend(tx *bolt.Tx, place txn.Place, s txn.Spent) error {
	c, ok, err := GetCredit(tx, s.Prev)
	if err != nil || !ok {
		return err
	}
	spends, err := rows.OpenTable(tx, SpendsTable())
	if err != nil {
		return err
	}
	if err := spends.Put(rows.OutPointKey(s.Prev), Spender{place, s.Input}.Encode()); err != nil {
		return err
	}
	return unhold(tx, &s.Prev.Hash, c.Holding(s.Prev.Index))
}

// Holding returns the row of the unspent table of a credit.
func (c *Credit) Holding(index uint32) Holding {
	return Holding{c.Place, index, c.Script, c.Amount, c.Source}
}

// Revoke removes what record stored of a transaction.
func Revoke(tx *bolt.Tx, m *Mined) error {
	for _, in := range m.Tx.TxIn {
		if err := RevokeSpend(tx, m.Place, in.PreviousOutPoint); err != nil {
			return err
		}
	}
	for i := range m.Tx.TxOut {
		op := wire.OutPoint{Hash: m.Hash, Index: uint32(i)}
		if err := revokeCredit(tx, m.Place, op); err != nil {
			return err
		}
		if err := revokeCommitment(tx, op); err != nil {
			return err
		}
	}
	return nil
}

func revokeCommitment(tx *bolt.Tx, op wire.OutPoint) error {
	b, key := tx.Bucket(CommitmentsBucket), rows.OutPointKey(op)
	v := b.Get(key)
	if v == nil {
		return nil
	}
	c, err := decodeCredit(v)
	if err != nil {
		return fmt.Errorf("read commitment %s: %w", op, err)
	}
	if err := deletePayment(tx, c.Script, c.Place, op.Index); err != nil {
		return err
	}
	return b.Delete(key)
}

func RevokeSpend(tx *bolt.Tx, place txn.Place, prev wire.OutPoint) error {
	s, ok, err := GetSpender(tx, prev)
	if err != nil || !ok || s.Place != place {
		return err
	}
	spends, err := rows.OpenTable(tx, SpendsTable())
	if err != nil {
		return err
	}
	if err := spends.Delete(rows.OutPointKey(prev)); err != nil {
		return err
	}
	c, ok, err := GetCredit(tx, prev)
	if err != nil || !ok {
		return err
	}
	return hold(tx, &prev.Hash, c.Holding(prev.Index))
}

func revokeCredit(tx *bolt.Tx, place txn.Place, op wire.OutPoint) error {
	c, ok, err := GetCredit(tx, op)
	if err != nil || !ok || c.Place != place {
		return err
	}
	if err := unhold(tx, &op.Hash, c.Holding(op.Index)); err != nil {
		return err
	}
	if c.Source != txn.FromTicket {
		if err := deletePayment(tx, c.Script, place, op.Index); err != nil {
			return err
		}
		if err := tx.Bucket(AgingBucket).Delete(HoldingKey(place, op.Index)); err != nil {
			return err
		}
	}
	credits, err := rows.OpenTable(tx, CreditsTable())
	if err != nil {
		return err
	}
	return credits.Delete(rows.OutPointKey(op))
}

// CommitmentsOf returns the watched commitments of a ticket.
func CommitmentsOf(tx *bolt.Tx, ticket *chainhash.Hash) ([]Credit, error) {
	var list []Credit
	c := tx.Bucket(CommitmentsBucket).Cursor()
	for k, v := c.Seek(ticket[:]); bytes.HasPrefix(k, ticket[:]); k, v = c.Next() {
		row, err := decodeCredit(v)
		if err != nil {
			return nil, fmt.Errorf("read commitment of ticket %s: %w", ticket, err)
		}
		list = append(list, row)
	}
	return list, nil
}
