package wallet

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"
)

// The unspent table. Keys: place of a transaction, output index (u32), of those credits
// that no mined transaction spends, tickets included. Values: script number (u32),
// amount in atoms (u64), source (u8).
func unspentTable() tableKind {
	return tableKind{"unspent", placeSize + 4, 4 + 8 + 1, recentRows, largestRun}
}

// The sums bucket. Keys are account numbers (u32). Values are the atoms (u64) of the
// account's rows in the unspent table but tickets. An account without a row has none.
var sumsBucket = []byte("sums")

// The tickets bucket. Keys are the outpoints of unspent tickets. Values are empty.
var ticketsBucket = []byte("tickets")

// The aging bucket. Keys are as in the unspent table, values a byte, one if the
// transaction has an expiry. It has the credits, spent or not, that may need more than one
// confirmation, but tickets.
var agingBucket = []byte("aging")

// agingValue returns the value of a row of the aging bucket.
func agingValue(expires bool) []byte {
	if expires {
		return []byte{1}
	}
	return []byte{0}
}

// holding is a row of the unspent table.
type holding struct {
	place  Place
	index  uint32
	script uint32
	amount dcrutil.Amount
	source Source
}

func holdingKey(p Place, index uint32) []byte {
	return binary.BigEndian.AppendUint32(p.append(make([]byte, 0, placeSize+4)), index)
}

func (h *holding) key() []byte { return holdingKey(h.place, h.index) }

func (h *holding) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, h.script)
	b = binary.BigEndian.AppendUint64(b, uint64(h.amount))
	return append(b, byte(h.source))
}

func decodeHolding(k, v []byte) (holding, error) {
	key, r := row{rest: k}, row{rest: v}
	h := holding{key.place(), key.u32(), r.u32(), dcrutil.Amount(r.u64()), Source(r.u8())}
	if key.done() != nil || r.done() != nil || h.amount < 0 || h.source > lastSource {
		return h, fmt.Errorf("read unspent output at %x: %w", k, ErrCorrupt)
	}
	return h, nil
}

// isUnspent reports whether no mined transaction spends the credit of a place.
func isUnspent(tx *bolt.Tx, p Place, index uint32) (bool, error) {
	t, err := openTable(tx, unspentTable())
	if err != nil {
		return false, err
	}
	v, err := t.get(holdingKey(p, index))
	return v != nil, err
}

// hold adds an unspent output, if it is not there.
func hold(tx *bolt.Tx, hash *chainhash.Hash, h holding) error {
	t, err := openTable(tx, unspentTable())
	if err != nil {
		return err
	}
	key := h.key()
	if v, err := t.get(key); err != nil || v != nil {
		return err
	}
	if err := t.put(key, h.encode()); err != nil {
		return err
	}
	if h.source == FromTicket {
		return tx.Bucket(ticketsBucket).Put(outpointKey(wire.OutPoint{Hash: *hash, Index: h.index}), nil)
	}
	return addSum(tx, h.script, h.amount)
}

// unhold removes an unspent output, if it is there.
func unhold(tx *bolt.Tx, hash *chainhash.Hash, h holding) error {
	t, err := openTable(tx, unspentTable())
	if err != nil {
		return err
	}
	key := h.key()
	if v, err := t.get(key); err != nil || v == nil {
		return err
	}
	if err := t.delete(key); err != nil {
		return err
	}
	if h.source == FromTicket {
		return tx.Bucket(ticketsBucket).Delete(outpointKey(wire.OutPoint{Hash: *hash, Index: h.index}))
	}
	return addSum(tx, h.script, -h.amount)
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
	v := tx.Bucket(scriptsBucket).Get(key32(script))
	if len(v) < 4 {
		return 0, fmt.Errorf("read account of script %d: %w", script, ErrCorrupt)
	}
	return binary.BigEndian.Uint32(v), nil
}

func addToAccount(tx *bolt.Tx, account uint32, amount dcrutil.Amount) error {
	sum, err := sumOf(tx, account)
	if err != nil {
		return err
	}
	if sum += amount; sum < 0 {
		return fmt.Errorf("sum of account %d is negative: %w", account, ErrCorrupt)
	}
	return tx.Bucket(sumsBucket).Put(key32(account), binary.BigEndian.AppendUint64(nil, uint64(sum)))
}

// sumOf returns what the unspent outputs of an account add up to.
func sumOf(tx *bolt.Tx, account uint32) (dcrutil.Amount, error) {
	v := tx.Bucket(sumsBucket).Get(key32(account))
	if v == nil {
		return 0, nil
	}
	r := row{rest: v}
	sum := r.u64()
	if r.done() != nil || sum > math.MaxInt64 {
		return 0, fmt.Errorf("read sum of account %d: %w", account, ErrCorrupt)
	}
	return dcrutil.Amount(sum), nil
}

// moveSum moves what the unspent outputs of a script add up to from one account to
// another.
func moveSum(tx *bolt.Tx, script, from, to uint32) error {
	var sum dcrutil.Amount
	err := paymentsOf(tx, script, func(p payment) error {
		if p.source == FromTicket {
			return nil
		}
		unspent, err := isUnspent(tx, p.place, p.index)
		if unspent {
			sum += p.amount
		}
		return err
	})
	if err != nil || sum == 0 {
		return err
	}
	return cmpOr(addToAccount(tx, from, -sum), addToAccount(tx, to, sum))
}
