package wallet

import (
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// progress is how far the chain has been applied.
//
// All scripts with a number below fresh have been looked for in all blocks
// from their birthdays to the tip, except that those from scanning on have
// only been looked for up to cursor. While cursor is the tip, nothing is left
// to look for below it. Scripts from fresh on came to be watched since, and
// are to be scanned for next. See scannedRange for what is known besides.
//
// The cursor walks along the chain as it is now, and the tip may have left that
// chain: common is the highest block known to be below both.
type progress struct {
	tip      consensus.BlockID
	cursor   consensus.BlockID // never above the tip
	common   consensus.BlockID // never above the cursor
	scanning uint32
	fresh    uint32
}

// scan reports whether blocks below the tip are being looked through again.
func (p progress) scan() bool { return p.cursor != p.tip }

// The meta bucket. Keys:
//
//	"format"    format version (u32)
//	"network"   wire magic (u32)
//	"birthday"  default birthday, see appendBirthday
//	"forgetting" see forgettingKey
//	"progress"  tip, cursor and common block (height u32, hash), scanning (u32),
//	            fresh (u32)
var (
	metaBucket  = []byte("meta")
	formatKey   = []byte("format")
	networkKey  = []byte("network")
	birthdayKey = []byte("birthday")
	progressKey = []byte("progress")
)

func (p progress) encode() []byte {
	b := rows.AppendBlockID(nil, p.tip)
	b = rows.AppendBlockID(b, p.cursor)
	b = rows.AppendBlockID(b, p.common)
	b = binary.BigEndian.AppendUint32(b, p.scanning)
	return binary.BigEndian.AppendUint32(b, p.fresh)
}

func decodeProgress(v []byte) (progress, error) {
	r := rows.Row{Rest: v}
	p := progress{tip: r.BlockID(), cursor: r.BlockID(), common: r.BlockID(), scanning: r.U32(), fresh: r.U32()}
	if p.common.Height > p.cursor.Height || p.cursor.Height > p.tip.Height || p.scanning > p.fresh {
		r.Bad = true
	}
	return p, r.Done()
}

func loadProgress(tx *bolt.Tx) (progress, error) {
	p, err := decodeProgress(tx.Bucket(metaBucket).Get(progressKey))
	if err != nil {
		return p, fmt.Errorf("read progress: %w", err)
	}
	return p, nil
}

func saveProgress(tx *bolt.Tx, p progress) error {
	return tx.Bucket(metaBucket).Put(progressKey, p.encode())
}

// appendBirthday appends the birthday of new accounts and imports: height (u32), Unix seconds of its date
// (u32, zero for none).
func appendBirthday(b []byte, d Birthday) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(d.Height))
	if d.Time.IsZero() {
		return binary.BigEndian.AppendUint32(b, 0)
	}
	return binary.BigEndian.AppendUint32(b, uint32(d.Time.Unix()))
}

// readBirthday reads what appendBirthday wrote.
func readBirthday(r *rows.Row) Birthday {
	d := Birthday{Height: consensus.Height(r.U32())}
	if t := r.U32(); t != 0 {
		d.Time = time.Unix(int64(t), 0)
	}
	r.Bad = r.Bad || d.Height < 0
	return d
}

// appendBorn appends a kept birthday: height (u32; for none zero if there is a date, else that of unborn),
// Unix seconds of its date (u32, zero for none). The anchor is in the anchored bucket.
func appendBorn(b []byte, d born) []byte {
	h := d.height
	if h == unborn && d.date != 0 {
		h = 0
	}
	b = binary.BigEndian.AppendUint32(b, uint32(h))
	return binary.BigEndian.AppendUint32(b, d.date)
}

// readBorn reads what appendBorn wrote.
func readBorn(r *rows.Row) born {
	d := born{height: consensus.Height(r.U32()), date: r.U32()}
	r.Bad = r.Bad || d.height < 0 || d.height == unborn && d.date != 0
	if d.height == 0 && d.date != 0 {
		d.height = unborn
	}
	return d
}
