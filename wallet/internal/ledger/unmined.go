package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Origin is how an unmined transaction came to be known.
type Origin uint8

// The origins of unmined transactions.
const (
	Relayed    Origin = iota // announced by a peer, which proves nothing
	Published                // given to us to publish
	Released                 // mined once, in a block that the chain left or voided
	lastOrigin = Released
)

// String returns the name of the origin.
func (o Origin) String() string {
	switch o {
	case Relayed:
		return "relayed"
	case Published:
		return "published"
	case Released:
		return "released"
	}
	return "unknown"
}

// Unmined is a transaction of the wallet that no block of the chain holds. All
// that is known of it is derived from these rows whenever it is asked for: no
// other bucket ever changes because of them. It is not changed once it is in a pool.
type Unmined struct {
	Hash   chainhash.Hash
	Seen   time.Time // to the second
	Origin Origin
	Tx     *wire.MsgTx

	Agreed bool   // peers of two networks have sent the same bytes
	Spends bool   // it spends outputs of the wallet, and was signed for that
	Source uint64 // the network it was relayed from, see SourceOf; zero if not known

	// MinedFrom is the lowest height of a block that may hold it, as was known when it came:
	// those below were searched, or are too old. It is not stored, see Pool.MinedFrom.
	MinedFrom consensus.Height

	held int      // bytes of memory, about
	Kind txn.Kind // of the transaction

	found atomic.Pointer[found]
}

// found is what a transaction means to the owners of the first scripts.
type found struct {
	scripts uint32
	effects txn.Effects
}

// NewUnmined returns an unmined transaction that is in no pool yet.
func NewUnmined(hash chainhash.Hash, tx *wire.MsgTx, seen time.Time, from Origin) *Unmined {
	const own, perInput, perOutput = 400, 120, 32 // its maps, and found
	return &Unmined{
		Hash: hash, Tx: tx, Seen: seen.Truncate(time.Second), Origin: from, Kind: txn.KindOf(tx),
		held: own + parse.Held(tx) + perInput*len(tx.TxIn) + perOutput*len(tx.TxOut),
	}
}

// As returns a copy with another transaction, which has the same hash, and origin.
func (u *Unmined) As(tx *wire.MsgTx, from Origin) *Unmined {
	c := NewUnmined(u.Hash, tx, u.Seen, from)
	c.Agreed, c.Spends, c.Source = u.Agreed, u.Spends, u.Source
	return c
}

// SourceOf returns a number for the network that a transaction was relayed from: the
// start of the hash of its name.
func SourceOf(network string) uint64 {
	if network == "" {
		return 0
	}
	sum := chainhash.HashH([]byte(network))
	return binary.BigEndian.Uint64(sum[:])
}

// foreign reports whether a stranger can have made the wallet keep it: it was
// relayed, and spends nothing of the wallet.
func (u *Unmined) foreign() bool { return u.Origin == Relayed && !u.Spends }

// compare orders transactions as they were seen.
func (u *Unmined) compare(o *Unmined) int {
	if c := u.Seen.Compare(o.Seen); c != 0 {
		return c
	}
	return bytes.Compare(u.Hash[:], o.Hash[:])
}

// The unmined bucket. Keys are transaction hashes. Values: Unix seconds when it
// was first seen (u64), origin (u8), source (u64) if the origin says so, serialized
// transaction. Bits of the origin: 0x80 that it is agreed upon, 0x40 that it spends
// outputs of the wallet, 0x20 that its source is known.
var UnminedBucket = []byte("unmined")

const (
	agreedBit = 0x80
	spendsBit = 0x40
	sourceBit = 0x20
)

// MarkUnmined is the upgrade to format 3, in which the origins of unmined transactions
// may have bits. Those of older formats have none.
func MarkUnmined(*bolt.Tx) error { return nil }

func (u *Unmined) encode() ([]byte, error) {
	raw, err := u.Tx.Bytes()
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 17+len(raw)), uint64(u.Seen.Unix()))
	marks := byte(u.Origin)
	if u.Agreed {
		marks |= agreedBit
	}
	if u.Spends {
		marks |= spendsBit
	}
	if u.Source != 0 {
		b = binary.BigEndian.AppendUint64(append(b, marks|sourceBit), u.Source)
	} else {
		b = append(b, marks)
	}
	return append(b, raw...), err
}

func decodeUnmined(k, v []byte) (*Unmined, error) {
	key, r := rows.Row{Rest: k}, rows.Row{Rest: v}
	hash, seen, marks := key.Hash(), time.Unix(int64(r.U64()), 0), r.U8()
	origin, source := Origin(marks&^(agreedBit|spendsBit|sourceBit)), uint64(0)
	if marks&sourceBit != 0 {
		source = r.U64()
		r.Bad = r.Bad || source == 0
	}
	if key.Done() != nil || r.Bad || origin > lastOrigin {
		return nil, fmt.Errorf("read unmined transaction %x: %w", k, rows.ErrCorrupt)
	}
	tx, err := decodeTx(r.Rest)
	if err != nil {
		return nil, fmt.Errorf("read unmined transaction %x: %w", k, err)
	}
	u := NewUnmined(hash, tx, seen, origin)
	u.Agreed, u.Spends, u.Source = marks&agreedBit != 0, marks&spendsBit != 0, source
	return u, nil
}

func putUnmined(tx *bolt.Tx, u *Unmined) error {
	v, err := u.encode()
	if err != nil {
		return fmt.Errorf("serialize transaction %s: %w", u.Hash, err)
	}
	return tx.Bucket(UnminedBucket).Put(u.Hash[:], v)
}

// Effects returns what the transaction means to the owners of the first scripts. It is worked
// out once for each number of scripts, and must not be changed.
func (u *Unmined) Effects(scripts uint32, owner func(pay []byte) (uint32, bool)) *txn.Effects {
	if f := u.found.Load(); f != nil && f.scripts == scripts {
		return &f.effects
	}
	f := &found{scripts, txn.Examine(u.Tx, u.Kind, owner)}
	u.found.Store(f)
	return &f.effects
}
