package wallet

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

// unmined is a transaction of the wallet that no block of the chain holds. All
// that is known of it is derived from these rows whenever it is asked for: no
// other bucket ever changes because of them. It is not changed once it is in a pool.
type unmined struct {
	hash   chainhash.Hash
	seen   time.Time // to the second
	origin Origin
	tx     *wire.MsgTx

	agreed bool   // peers of two networks have sent the same bytes
	spends bool   // it spends outputs of the wallet, and was signed for that
	source uint64 // the network it was relayed from, see sourceOf; zero if not known

	held int  // bytes of memory, about
	kind Kind // of the transaction

	found atomic.Pointer[found]
}

// found is what a transaction means to the owners of the first scripts.
type found struct {
	scripts uint32
	effects effects
}

// newUnmined returns an unmined transaction that is in no pool yet.
func newUnmined(hash chainhash.Hash, tx *wire.MsgTx, seen time.Time, from Origin) *unmined {
	const own, perInput, perOutput = 400, 120, 32 // its maps, and found
	return &unmined{
		hash: hash, tx: tx, seen: seen.Truncate(time.Second), origin: from, kind: kindOf(tx),
		held: own + parse.Held(tx) + perInput*len(tx.TxIn) + perOutput*len(tx.TxOut),
	}
}

// as returns a copy with another transaction, which has the same hash, and origin.
func (u *unmined) as(tx *wire.MsgTx, from Origin) *unmined {
	c := newUnmined(u.hash, tx, u.seen, from)
	c.agreed, c.spends, c.source = u.agreed, u.spends, u.source
	return c
}

// sourceOf returns a number for the network that a transaction was relayed from: the
// start of the hash of its name.
func sourceOf(network string) uint64 {
	if network == "" {
		return 0
	}
	sum := chainhash.HashH([]byte(network))
	return binary.BigEndian.Uint64(sum[:])
}

// foreign reports whether a stranger can have made the wallet keep it: it was
// relayed, and spends nothing of the wallet.
func (u *unmined) foreign() bool { return u.origin == Relayed && !u.spends }

// compare orders transactions as they were seen.
func (u *unmined) compare(o *unmined) int {
	if c := u.seen.Compare(o.seen); c != 0 {
		return c
	}
	return bytes.Compare(u.hash[:], o.hash[:])
}

// effectsOf returns what an unmined transaction means to a wallet. It is worked out
// once for each number of scripts, and must not be changed.
func (w *Wallet) effectsOf(s *snapshot, u *unmined) *effects {
	if f := u.found.Load(); f != nil && f.scripts == s.count() {
		return &f.effects
	}
	f := &found{s.count(), examine(u.tx, u.kind, w.owner(s))}
	u.found.Store(f)
	return &f.effects
}

// The unmined bucket. Keys are transaction hashes. Values: Unix seconds when it
// was first seen (u64), origin (u8), source (u64) if the origin says so, serialized
// transaction. Bits of the origin: 0x80 that it is agreed upon, 0x40 that it spends
// outputs of the wallet, 0x20 that its source is known.
var unminedBucket = []byte("unmined")

const (
	agreedBit = 0x80
	spendsBit = 0x40
	sourceBit = 0x20
)

// markUnmined is the upgrade to format 3, in which the origins of unmined transactions
// may have bits. Those of older formats have none.
func markUnmined(*bolt.Tx) error { return nil }

func (u *unmined) encode() ([]byte, error) {
	raw, err := u.tx.Bytes()
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 17+len(raw)), uint64(u.seen.Unix()))
	marks := byte(u.origin)
	if u.agreed {
		marks |= agreedBit
	}
	if u.spends {
		marks |= spendsBit
	}
	if u.source != 0 {
		b = binary.BigEndian.AppendUint64(append(b, marks|sourceBit), u.source)
	} else {
		b = append(b, marks)
	}
	return append(b, raw...), err
}

func decodeUnmined(k, v []byte) (*unmined, error) {
	key, r := row{rest: k}, row{rest: v}
	hash, seen, marks := key.hash(), time.Unix(int64(r.u64()), 0), r.u8()
	origin, source := Origin(marks&^(agreedBit|spendsBit|sourceBit)), uint64(0)
	if marks&sourceBit != 0 {
		source = r.u64()
		r.bad = r.bad || source == 0
	}
	if key.done() != nil || r.bad || origin > lastOrigin {
		return nil, fmt.Errorf("read unmined transaction %x: %w", k, ErrCorrupt)
	}
	tx, err := decodeTx(r.rest)
	if err != nil {
		return nil, fmt.Errorf("read unmined transaction %x: %w", k, err)
	}
	u := newUnmined(hash, tx, seen, origin)
	u.agreed, u.spends, u.source = marks&agreedBit != 0, marks&spendsBit != 0, source
	return u, nil
}

func putUnmined(tx *bolt.Tx, u *unmined) error {
	v, err := u.encode()
	if err != nil {
		return fmt.Errorf("serialize transaction %s: %w", u.hash, err)
	}
	return tx.Bucket(unminedBucket).Put(u.hash[:], v)
}

// anyUnmined reports whether there are unmined transactions.
func anyUnmined(tx *bolt.Tx) bool {
	k, _ := tx.Bucket(unminedBucket).Cursor().First()
	return k != nil
}

// expired reports whether a block of a height may not hold a transaction any
// more (wire: Expiry is the first height that may not, zero is never).
func expired(tx *wire.MsgTx, h consensus.Height) bool {
	return tx.Expiry != wire.NoExpiryValue && uint32(h) >= tx.Expiry
}
