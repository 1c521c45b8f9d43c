package wallet

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
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
// other bucket ever changes because of them.
type unmined struct {
	hash   chainhash.Hash
	seen   time.Time // to the second
	origin Origin
	tx     *wire.MsgTx
}

// The unmined bucket. Keys are transaction hashes. Values: Unix seconds when it
// was first seen (u64), origin (u8), serialized transaction.
var unminedBucket = []byte("unmined")

func (u *unmined) encode() ([]byte, error) {
	raw, err := u.tx.Bytes()
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 9+len(raw)), uint64(u.seen.Unix()))
	return append(append(b, byte(u.origin)), raw...), err
}

func decodeUnmined(k, v []byte) (*unmined, error) {
	key, r := row{rest: k}, row{rest: v}
	u := &unmined{hash: key.hash(), seen: time.Unix(int64(r.u64()), 0), origin: Origin(r.u8())}
	if key.done() != nil || r.bad || u.origin > lastOrigin {
		return nil, fmt.Errorf("read unmined transaction %x: %w", k, ErrCorrupt)
	}
	var err error
	if u.tx, err = decodeTx(r.rest); err != nil {
		return nil, fmt.Errorf("read unmined transaction %x: %w", k, err)
	}
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
func expired(tx *wire.MsgTx, h chain.Height) bool {
	return tx.Expiry != wire.NoExpiryValue && uint32(h) >= tx.Expiry
}
