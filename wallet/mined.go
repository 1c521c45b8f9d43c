package wallet

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
)

// mined is a transaction of the wallet in a block of the chain.
type mined struct {
	place Place
	hash  chainhash.Hash
	block chainhash.Hash
	time  uint32 // of the block, Unix seconds
	tx    *wire.MsgTx
}

func (m *mined) when() time.Time { return time.Unix(int64(m.time), 0) }

// The mined bucket. Keys are places. Values: transaction hash, block hash,
// Unix seconds of the block (u32), serialized transaction. Transactions that a
// block disapproved of are there too.
var minedBucket = []byte("mined")

// minedHead is how many bytes of a value come before the transaction.
const minedHead = 2*chainhash.HashSize + 4

// The places table. Keys: transaction hash, place. Values are empty. A
// transaction that was disapproved of and mined again has several.
func placesTable() tableKind {
	return tableKind{"places", chainhash.HashSize + placeSize, 0, recentRows, largestRun}
}

// placeKey is the key of a transaction in the places table.
func (m *mined) placeKey() []byte {
	return m.place.append(append(make([]byte, 0, chainhash.HashSize+placeSize), m.hash[:]...))
}

func (m *mined) encode() ([]byte, error) {
	var b bytes.Buffer
	b.Write(m.hash[:])
	b.Write(m.block[:])
	b.Write(key32(m.time))
	err := m.tx.Serialize(&b)
	return b.Bytes(), err
}

func decodeMined(k, v []byte) (*mined, error) {
	m, err := decodeMinedHead(k, v)
	if err != nil {
		return nil, err
	}
	if m.tx, err = decodeTx(v[minedHead:]); err != nil {
		return nil, fmt.Errorf("read transaction at %x: %w", k, err)
	}
	return m, nil
}

// decodeTx decodes a stored transaction, which must fill the bytes. They are copied:
// stored bytes are only valid within their transaction of the file.
func decodeTx(b []byte) (*wire.MsgTx, error) {
	tx, err := parse.Tx(bytes.Clone(b))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return tx, nil
}

// appended is how full the pages of buckets are made whose rows mostly come in the order of
// their keys. Half of a page would stay empty otherwise: nothing is put between.
const appended = 1.0

// putMined stores a transaction unless it is there already.
func putMined(tx *bolt.Tx, m *mined) error {
	b, key := tx.Bucket(minedBucket), m.place.key()
	if b.Get(key) != nil {
		return nil
	}
	v, err := m.encode()
	if err != nil {
		return fmt.Errorf("serialize transaction %s: %w", m.hash, err)
	}
	b.FillPercent = appended
	if err := b.Put(key, v); err != nil {
		return err
	}
	places, err := openTable(tx, placesTable())
	if err != nil {
		return err
	}
	return places.put(m.placeKey(), nil)
}

// deleteMined removes a transaction.
func deleteMined(tx *bolt.Tx, m *mined) error {
	if err := tx.Bucket(minedBucket).Delete(m.place.key()); err != nil {
		return err
	}
	places, err := openTable(tx, placesTable())
	if err != nil {
		return err
	}
	return places.delete(m.placeKey())
}

// getMined returns the transaction at a place, or nil.
func getMined(tx *bolt.Tx, p Place) (*mined, error) {
	key := p.key()
	v := tx.Bucket(minedBucket).Get(key)
	if v == nil {
		return nil, nil
	}
	return decodeMined(key, v)
}

// placesOf returns where a transaction was mined, in the order of the chain.
func placesOf(tx *bolt.Tx, hash *chainhash.Hash) ([]Place, error) {
	t, err := openTable(tx, placesTable())
	if err != nil {
		return nil, err
	}
	var places []Place
	err = t.prefixed(hash[:], func(k, _ []byte) error {
		r := row{rest: k[len(hash):]}
		p := r.place()
		if r.done() != nil {
			return fmt.Errorf("read places of %s: %w", hash, ErrCorrupt)
		}
		places = append(places, p)
		return nil
	})
	return places, err
}

// minedIn returns the wallet's transactions of the heights from low to high,
// both included, in the order of the chain. They are all in memory: where they may be
// many it is eachMined.
func minedIn(tx *bolt.Tx, low, high consensus.Height) ([]*mined, error) {
	var list []*mined
	err := eachMined(tx, low, high, func(m *mined) (bool, error) {
		list = append(list, m)
		return true, nil
	})
	return list, err
}

// eachMined calls fn for the transactions of minedIn, one after the other, until it
// returns false or fails. It must not change the file.
func eachMined(tx *bolt.Tx, low, high consensus.Height, fn func(*mined) (more bool, err error)) error {
	c := tx.Bucket(minedBucket).Cursor()
	for k, v := c.Seek(key32(uint32(low))); len(k) == placeSize && binary.BigEndian.Uint32(k) <= uint32(high); k, v = c.Next() {
		m, err := decodeMined(k, v)
		if err != nil {
			return err
		}
		if more, err := fn(m); err != nil || !more {
			return err
		}
	}
	return nil
}

// decodeMinedHead decodes a row without its transaction, which is left nil.
func decodeMinedHead(k, v []byte) (*mined, error) {
	key, r := row{rest: k}, row{rest: v}
	m := &mined{place: key.place(), hash: r.hash(), block: r.hash(), time: r.u32()}
	if key.done() != nil || r.bad {
		return nil, fmt.Errorf("read transaction at %x: %w", k, ErrCorrupt)
	}
	return m, nil
}

// The disapproved bucket. Keys are the heights (u32) of blocks whose regular
// transactions the next block made void. Values are empty.
var disapprovedBucket = []byte("disapproved")

func isDisapproved(tx *bolt.Tx, h consensus.Height) bool {
	return has(tx.Bucket(disapprovedBucket), key32(uint32(h)))
}

// void reports whether what is at a place has been disapproved of.
func void(tx *bolt.Tx, p Place) bool {
	return p.Tree == wire.TxTreeRegular && isDisapproved(tx, p.Height)
}
