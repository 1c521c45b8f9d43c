package ledger

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/rows"
)

// The reserved bucket, which is made with its first row. Keys are outpoints that a
// transaction which was built spends and that count as locked until a time. Values are the
// tree of the outpoint (one byte) and Unix seconds (u64). Rows whose time has passed are
// removed with the next reservation.
var ReservedBucket = []byte("reserved")

// Reserve locks what a transaction spends until a time.
func Reserve(tx *bolt.Tx, spender *wire.MsgTx, now, until time.Time) error {
	b, err := tx.CreateBucketIfNotExists(ReservedBucket)
	if err != nil {
		return err
	}
	var past [][]byte
	err = rows.Each(b, func(k, v []byte) error {
		_, end, err := decodeReserved(k, v)
		if err == nil && !now.Before(end) {
			past = append(past, k)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range past {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	for _, in := range spender.TxIn {
		op := in.PreviousOutPoint
		row := binary.BigEndian.AppendUint64([]byte{byte(op.Tree)}, uint64(until.Unix()))
		if err := b.Put(rows.OutPointKey(op), row); err != nil {
			return err
		}
	}
	return nil
}

// decodeReserved reads a row of the reserved bucket.
func decodeReserved(k, v []byte) (wire.OutPoint, time.Time, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	op := key.OutPoint()
	tree, end := r.U8(), int64(r.U64())
	if key.Done() != nil || r.Done() != nil || tree > 1 || end < 0 {
		return op, time.Time{}, fmt.Errorf("read reservation %x: %w", k, rows.ErrCorrupt)
	}
	op.Tree = int8(tree)
	return op, time.Unix(end, 0), nil
}

// reservedUntil returns until when an output is reserved, zero if it is not.
func reservedUntil(tx *bolt.Tx, op wire.OutPoint, now time.Time) time.Time {
	b, key := tx.Bucket(ReservedBucket), rows.OutPointKey(op)
	if b == nil {
		return time.Time{}
	}
	v := b.Get(key)
	if v == nil {
		return time.Time{}
	}
	if _, end, err := decodeReserved(key, v); err == nil && now.Before(end) {
		return end
	}
	return time.Time{}
}

// EachReserved calls fn for what is reserved at a time.
func EachReserved(tx *bolt.Tx, now time.Time, fn func(op wire.OutPoint, until time.Time) error) error {
	b := tx.Bucket(ReservedBucket)
	if b == nil {
		return nil
	}
	return rows.Each(b, func(k, v []byte) error {
		op, end, err := decodeReserved(k, v)
		if err != nil || !now.Before(end) {
			return err
		}
		return fn(op, end)
	})
}

// Unreserve takes the reservation of an output away, if there is one.
func Unreserve(tx *bolt.Tx, op wire.OutPoint) error {
	if b := tx.Bucket(ReservedBucket); b != nil {
		return b.Delete(rows.OutPointKey(op))
	}
	return nil
}

// CheckReserved checks the reserved bucket, if there is one.
func CheckReserved(tx *bolt.Tx) error {
	b := tx.Bucket(ReservedBucket)
	if b == nil {
		return nil
	}
	return rows.Each(b, func(k, v []byte) error {
		_, _, err := decodeReserved(k, v)
		return err
	})
}

// The locks bucket. Keys are outpoints that the user does not want to be spent.
// Values are the tree of the outpoint (one byte).
var LocksBucket = []byte("locks")

// DecodeLock reads a row of the locks bucket.
func DecodeLock(k, v []byte) (wire.OutPoint, error) {
	r := rows.Row{Rest: k}
	op := r.OutPoint()
	if r.Done() != nil || len(v) != 1 || v[0] > 1 {
		return op, fmt.Errorf("read lock %x: %w", k, rows.ErrCorrupt)
	}
	op.Tree = int8(v[0])
	return op, nil
}

// IsLocked reports whether an output is locked, or reserved at a time.
func IsLocked(tx *bolt.Tx, op wire.OutPoint, now time.Time) bool {
	return tx.Bucket(LocksBucket).Get(rows.OutPointKey(op)) != nil || !reservedUntil(tx, op, now).IsZero()
}
