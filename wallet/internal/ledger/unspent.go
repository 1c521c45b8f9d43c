package ledger

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// The unspent table. Keys: place of a transaction, output index (u32), of those credits
// that no mined transaction spends, tickets included. Values: script number (u32),
// amount in atoms (u64), source (u8).
func UnspentTable() rows.Kind {
	return rows.KindOf("unspent", txn.PlaceSize+4, 4+8+1)
}

// The sums bucket. Keys are account numbers (u32). Values are the atoms (u64) of the
// account's rows in the unspent table but tickets. An account without a row has none.
var SumsBucket = []byte("sums")

// The tickets bucket. Keys are the outpoints of unspent tickets. Values are empty.
var TicketsBucket = []byte("tickets")

// The aging bucket. Keys are as in the unspent table, values a byte, one if the
// transaction has an expiry. It has the credits, spent or not, that may need more than one
// confirmation, but tickets.
var AgingBucket = []byte("aging")

// AgingValue returns the value of a row of the aging bucket.
func AgingValue(expires bool) []byte {
	if expires {
		return []byte{1}
	}
	return []byte{0}
}

// Holding is a row of the unspent table.
type Holding struct {
	Place  txn.Place
	Index  uint32
	Script uint32
	Amount dcrutil.Amount
	Source txn.Source
}

func HoldingKey(p txn.Place, index uint32) []byte {
	return binary.BigEndian.AppendUint32(txn.AppendPlace(make([]byte, 0, txn.PlaceSize+4), p), index)
}

func (h *Holding) Key() []byte { return HoldingKey(h.Place, h.Index) }

func (h *Holding) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, h.Script)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Amount))
	return append(b, byte(h.Source))
}

func DecodeHolding(k, v []byte) (Holding, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	h := Holding{readPlace(&key), key.U32(), r.U32(), dcrutil.Amount(r.U64()), txn.Source(r.U8())}
	if key.Done() != nil || r.Done() != nil || h.Amount < 0 || h.Source > txn.LastSource {
		return h, fmt.Errorf("read unspent output at %x: %w", k, rows.ErrCorrupt)
	}
	return h, nil
}

// IsUnspent reports whether no mined transaction spends the credit of a place.
func IsUnspent(tx *bolt.Tx, p txn.Place, index uint32) (bool, error) {
	t, err := rows.OpenTable(tx, UnspentTable())
	if err != nil {
		return false, err
	}
	v, err := t.Get(HoldingKey(p, index))
	return v != nil, err
}

// hold adds an unspent output, if it is not there.
func hold(tx *bolt.Tx, hash *chainhash.Hash, h Holding) error {
	t, err := rows.OpenTable(tx, UnspentTable())
	if err != nil {
		return err
	}
	key := h.Key()
	if v, err := t.Get(key); err != nil || v != nil {
		return err
	}
	if err := t.Put(key, h.encode()); err != nil {
		return err
	}
	if h.Source == txn.FromTicket {
		return tx.Bucket(TicketsBucket).Put(rows.OutPointKey(wire.OutPoint{Hash: *hash, Index: h.Index}), nil)
	}
	return addSum(tx, h.Script, h.Amount)
}

// unhold removes an unspent output, if it is there.
func unhold(tx *bolt.Tx, hash *chainhash.Hash, h Holding) error {
	t, err := rows.OpenTable(tx, UnspentTable())
	if err != nil {
		return err
	}
	key := h.Key()
	if v, err := t.Get(key); err != nil || v == nil {
		return err
	}
	if err := t.Delete(key); err != nil {
		return err
	}
	if h.Source == txn.FromTicket {
		return tx.Bucket(TicketsBucket).Delete(rows.OutPointKey(wire.OutPoint{Hash: *hash, Index: h.Index}))
	}
	return addSum(tx, h.Script, -h.Amount)
}

// addSum adds to the sum of the account of a script.
func addSum(tx *bolt.Tx, script uint32, amount dcrutil.Amount) error {
	account, err := accountOf(tx, script)
	if err != nil {
		return err
	}
	return addToAccount(tx, account, amount)
}

// accountOf returns the account of a script as it is stored.
func accountOf(tx *bolt.Tx, script uint32) (uint32, error) {
	v := tx.Bucket(ScriptsBucket).Get(rows.Key(script))
	if len(v) < 4 {
		return 0, fmt.Errorf("read account of script %d: %w", script, rows.ErrCorrupt)
	}
	return binary.BigEndian.Uint32(v), nil
}

func addToAccount(tx *bolt.Tx, account uint32, amount dcrutil.Amount) error {
	sum, err := SumOf(tx, account)
	if err != nil {
		return err
	}
	if sum += amount; sum < 0 {
		return fmt.Errorf("sum of account %d is negative: %w", account, rows.ErrCorrupt)
	}
	return tx.Bucket(SumsBucket).Put(rows.Key(account), binary.BigEndian.AppendUint64(nil, uint64(sum)))
}

// SumOf returns what the unspent outputs of an account add up to.
func SumOf(tx *bolt.Tx, account uint32) (dcrutil.Amount, error) {
	v := tx.Bucket(SumsBucket).Get(rows.Key(account))
	if v == nil {
		return 0, nil
	}
	r := rows.Row{Rest: v}
	sum := r.U64()
	if r.Done() != nil || sum > math.MaxInt64 {
		return 0, fmt.Errorf("read sum of account %d: %w", account, rows.ErrCorrupt)
	}
	return dcrutil.Amount(sum), nil
}

// MoveSum moves what the unspent outputs of a script add up to from one account to
// another.
func MoveSum(tx *bolt.Tx, script, from, to uint32) error {
	var sum dcrutil.Amount
	err := PaymentsOf(tx, script, func(p Payment) error {
		if p.Source == txn.FromTicket {
			return nil
		}
		unspent, err := IsUnspent(tx, p.Place, p.Index)
		if unspent {
			sum += p.Amount
		}
		return err
	})
	if err != nil || sum == 0 {
		return err
	}
	return cmp.Or(addToAccount(tx, from, -sum), addToAccount(tx, to, sum))
}

// The scripts bucket. Keys are script numbers (u32) from zero on without holes.
// Values:
//
//	account, branch, index (u32 each)
//	birthday, see appendBorn; zero for scripts that are as old as their accounts
//	payment script (the rest)
var ScriptsBucket = []byte("scripts")
