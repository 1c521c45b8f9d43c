package wallet

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"
)

// The reserved bucket, which is made with its first row. Keys are outpoints that a
// transaction which was built spends and that count as locked until a time. Values are the
// tree of the outpoint (one byte) and Unix seconds (u64). Rows whose time has passed are
// removed with the next reservation.
var reservedBucket = []byte("reserved")

// reserve locks what a transaction spends until a time.
func reserve(tx *bolt.Tx, spender *wire.MsgTx, now, until time.Time) error {
	b, err := tx.CreateBucketIfNotExists(reservedBucket)
	if err != nil {
		return err
	}
	var past [][]byte
	err = all(b, func(k, v []byte) error {
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
		if err := b.Put(outpointKey(op), row); err != nil {
			return err
		}
	}
	return nil
}

// decodeReserved reads a row of the reserved bucket.
func decodeReserved(k, v []byte) (wire.OutPoint, time.Time, error) {
	key, r := row{rest: k}, row{rest: v}
	op := key.outpoint()
	tree, end := r.u8(), int64(r.u64())
	if key.done() != nil || r.done() != nil || tree > 1 || end < 0 {
		return op, time.Time{}, fmt.Errorf("read reservation %x: %w", k, ErrCorrupt)
	}
	op.Tree = int8(tree)
	return op, time.Unix(end, 0), nil
}

// reservedUntil returns until when an output is reserved, zero if it is not.
func reservedUntil(tx *bolt.Tx, op wire.OutPoint, now time.Time) time.Time {
	b, key := tx.Bucket(reservedBucket), outpointKey(op)
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

// eachReserved calls fn for what is reserved at a time.
func eachReserved(tx *bolt.Tx, now time.Time, fn func(op wire.OutPoint, until time.Time) error) error {
	b := tx.Bucket(reservedBucket)
	if b == nil {
		return nil
	}
	return all(b, func(k, v []byte) error {
		op, end, err := decodeReserved(k, v)
		if err != nil || !now.Before(end) {
			return err
		}
		return fn(op, end)
	})
}

// unreserve takes the reservation of an output away, if there is one.
func unreserve(tx *bolt.Tx, op wire.OutPoint) error {
	if b := tx.Bucket(reservedBucket); b != nil {
		return b.Delete(outpointKey(op))
	}
	return nil
}

// checkReserved checks the reserved bucket, if there is one.
func checkReserved(tx *bolt.Tx) error {
	b := tx.Bucket(reservedBucket)
	if b == nil {
		return nil
	}
	return all(b, func(k, v []byte) error {
		_, _, err := decodeReserved(k, v)
		return err
	})
}
