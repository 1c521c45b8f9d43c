package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Mined is a transaction of the wallet in a block of the chain.
type Mined struct {
	Place txn.Place
	Hash  chainhash.Hash
	Block chainhash.Hash
	Time  uint32 // of the block, Unix seconds
	Tx    *wire.MsgTx
}

func (m *Mined) When() time.Time { return time.Unix(int64(m.Time), 0) }

// The mined bucket. Keys are places. Values: transaction hash, block hash,
// Unix seconds of the block (u32), serialized transaction. Transactions that a
// block disapproved of are there too.
var MinedBucket = []byte("mined")

// minedHead is how many bytes of a value come before the transaction.
const minedHead = 2*chainhash.HashSize + 4

// readPlace reads what append wrote.
func readPlace(r *rows.Row) txn.Place {
	p := txn.Place{Height: consensus.Height(r.U32())}
	tree := r.U8()
	p.Tree, p.Index = wire.TxTreeStake-int8(tree), r.U32()
	r.Bad = r.Bad || p.Height < 0 || tree > 1
	return p
}

// The places table. Keys: transaction hash, place. Values are empty. A
// transaction that was disapproved of and mined again has several.
func PlacesTable() rows.Kind {
	return rows.KindOf("places", chainhash.HashSize+txn.PlaceSize, 0)
}

// txn.PlaceKey is the key of a transaction in the places table.
func (m *Mined) PlaceKey() []byte {
	return txn.AppendPlace(append(make([]byte, 0, chainhash.HashSize+txn.PlaceSize), m.Hash[:]...), m.Place)
}

func (m *Mined) Encode() ([]byte, error) {
	var b bytes.Buffer
	b.Write(m.Hash[:])
	b.Write(m.Block[:])
	b.Write(rows.Key(m.Time))
	err := m.Tx.Serialize(&b)
	return b.Bytes(), err
}

func DecodeMined(k, v []byte) (*Mined, error) {
	m, err := DecodeMinedHead(k, v)
	if err != nil {
		return nil, err
	}
	if m.Tx, err = decodeTx(v[minedHead:]); err != nil {
		return nil, fmt.Errorf("read transaction at %x: %w", k, err)
	}
	return m, nil
}

// decodeTx decodes a stored transaction, which must fill the bytes. They are copied:
// stored bytes are only valid within their transaction of the file.
func decodeTx(b []byte) (*wire.MsgTx, error) {
	tx, err := parse.Tx(bytes.Clone(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", rows.ErrCorrupt, err)
	}
	return tx, nil
}

// Appended is how full the pages of buckets are made whose rows mostly come in the order of
// their keys. Half of a page would stay empty otherwise: nothing is put between.
const Appended = 1.0

// PutMined stores a transaction unless it is there already.
func PutMined(tx *bolt.Tx, m *Mined) error {
	b, key := tx.Bucket(MinedBucket), txn.PlaceKey(m.Place)
	if b.Get(key) != nil {
		return nil
	}
	v, err := m.Encode()
	if err != nil {
		return fmt.Errorf("serialize transaction %s: %w", m.Hash, err)
	}
	b.FillPercent = Appended
	if err := b.Put(key, v); err != nil {
		return err
	}
	places, err := rows.OpenTable(tx, PlacesTable())
	if err != nil {
		return err
	}
	return places.Put(m.PlaceKey(), nil)
}

// DeleteMined removes a transaction.
func DeleteMined(tx *bolt.Tx, m *Mined) error {
	if err := tx.Bucket(MinedBucket).Delete(txn.PlaceKey(m.Place)); err != nil {
		return err
	}
	places, err := rows.OpenTable(tx, PlacesTable())
	if err != nil {
		return err
	}
	return places.Delete(m.PlaceKey())
}

// GetMined returns the transaction at a place, or nil.
func GetMined(tx *bolt.Tx, p txn.Place) (*Mined, error) {
	key := txn.PlaceKey(p)
	v := tx.Bucket(MinedBucket).Get(key)
	if v == nil {
		return nil, nil
	}
	return DecodeMined(key, v)
}

// PlacesOf returns where a transaction was mined, in the order of the chain.
func PlacesOf(tx *bolt.Tx, hash *chainhash.Hash) ([]txn.Place, error) {
	t, err := rows.OpenTable(tx, PlacesTable())
	if err != nil {
		return nil, err
	}
	var places []txn.Place
	err = t.Prefixed(hash[:], func(k, _ []byte) error {
		r := rows.Row{Rest: k[len(hash):]}
		p := readPlace(&r)
		if r.Done() != nil {
			return fmt.Errorf("read places of %s: %w", hash, rows.ErrCorrupt)
		}
		places = append(places, p)
		return nil
	})
	return places, err
}

// MinedIn returns the wallet's transactions of the heights from low to high,
// both included, in the order of the chain. They are all in memory: where they may be
// many it is EachMined.
func MinedIn(tx *bolt.Tx, low, high consensus.Height) ([]*Mined, error) {
	var list []*Mined
	err := EachMined(tx, low, high, func(m *Mined) (bool, error) {
		list = append(list, m)
		return true, nil
	})
	return list, err
}

// EachMined calls fn for the transactions of MinedIn, one after the other, until it
// returns false or fails. It must not change the file.
func EachMined(tx *bolt.Tx, low, high consensus.Height, fn func(*Mined) (more bool, err error)) error {
	c := tx.Bucket(MinedBucket).Cursor()
	for k, v := c.Seek(rows.Key(uint32(low))); len(k) == txn.PlaceSize && binary.BigEndian.Uint32(k) <= uint32(high); k, v = c.Next() {
		m, err := DecodeMined(k, v)
		if err != nil {
			return err
		}
		if more, err := fn(m); err != nil || !more {
			return err
		}
	}
	return nil
}

// DecodeMinedHead decodes a row without its transaction, which is left nil.
func DecodeMinedHead(k, v []byte) (*Mined, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	m := &Mined{Place: readPlace(&key), Hash: r.Hash(), Block: r.Hash(), Time: r.U32()}
	if key.Done() != nil || r.Bad {
		return nil, fmt.Errorf("read transaction at %x: %w", k, rows.ErrCorrupt)
	}
	return m, nil
}

// The disapproved bucket. Keys are the heights (u32) of blocks whose regular
// transactions the next block made void. Values are empty.
var DisapprovedBucket = []byte("disapproved")

func IsDisapproved(tx *bolt.Tx, h consensus.Height) bool {
	return rows.Has(tx.Bucket(DisapprovedBucket), rows.Key(uint32(h)))
}

// Void reports whether what is at a place has been disapproved of.
func Void(tx *bolt.Tx, p txn.Place) bool {
	return p.Tree == wire.TxTreeRegular && IsDisapproved(tx, p.Height)
}

// Id returns the block of a transaction.
func (m *Mined) Id() consensus.BlockID {
	return consensus.BlockID{Height: m.Place.Height, Hash: m.Block}
}

// The kept bucket, which is made with its first row. Keys are the hashes of transactions
// that stay in the books when they are mined though they mean nothing to scripts that
// were born by then, because they were published here or had been mined before. A rescan
// that is given up does not take them along: see unapplyBefore. Values are empty. Rows
// stay.
var KeptBucket = []byte("kept")

// IsKept reports whether a transaction stays in the books whatever is born.
func IsKept(tx *bolt.Tx, hash *chainhash.Hash) bool {
	b := tx.Bucket(KeptBucket)
	return b != nil && rows.Has(b, hash[:])
}
