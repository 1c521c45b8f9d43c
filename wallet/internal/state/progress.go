package state

import (
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// Progress is how far the chain has been applied.
//
// All scripts with a number below fresh have been looked for in all blocks
// from their birthdays to the tip, except that those from scanning on have
// only been looked for up to cursor. While cursor is the tip, nothing is left
// to look for below it. Scripts from fresh on came to be watched since, and
// are to be scanned for next. See scannedRange for what is known besides.
//
// The cursor walks along the chain as it is now, and the tip may have left that
// chain: common is the highest block known to be below both.
type Progress struct {
	Tip      consensus.BlockID
	Cursor   consensus.BlockID // never above the tip
	Common   consensus.BlockID // never above the cursor
	Scanning uint32
	Fresh    uint32
}

// Scan reports whether blocks below the tip are being looked through again.
func (p Progress) Scan() bool { return p.Cursor != p.Tip }

// The meta bucket. Keys:
//
//	"format"    format version (u32)
//	"network"   wire magic (u32)
//	"birthday"  default birthday, see appendBirthday
//	"forgetting" see forgettingKey
//	"waiting"   see waitingKey
//	"progress"  tip, cursor and common block (height u32, hash), scanning (u32),
//	            fresh (u32)
var (
	MetaBucket  = []byte("meta")
	FormatKey   = []byte("format")
	NetworkKey  = []byte("network")
	BirthdayKey = []byte("birthday")
	ProgressKey = []byte("progress")
)

func (p Progress) Encode() []byte {
	b := rows.AppendBlockID(nil, p.Tip)
	b = rows.AppendBlockID(b, p.Cursor)
	b = rows.AppendBlockID(b, p.Common)
	b = binary.BigEndian.AppendUint32(b, p.Scanning)
	return binary.BigEndian.AppendUint32(b, p.Fresh)
}

func decodeProgress(v []byte) (Progress, error) {
	r := rows.Row{Rest: v}
	p := Progress{Tip: r.BlockID(), Cursor: r.BlockID(), Common: r.BlockID(), Scanning: r.U32(), Fresh: r.U32()}
	if p.Common.Height > p.Cursor.Height || p.Cursor.Height > p.Tip.Height || p.Scanning > p.Fresh {
		r.Bad = true
	}
	return p, r.Done()
}

func loadProgress(tx *bolt.Tx) (Progress, error) {
	p, err := decodeProgress(tx.Bucket(MetaBucket).Get(ProgressKey))
	if err != nil {
		return p, fmt.Errorf("read progress: %w", err)
	}
	return p, nil
}

func saveProgress(tx *bolt.Tx, p Progress) error {
	return tx.Bucket(MetaBucket).Put(ProgressKey, p.Encode())
}

// appendBirthday appends the birthday of new accounts and imports: height (u32), Unix seconds of its date
// (u32, zero for none).
func appendBirthday(b []byte, d birthday.Birthday) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(d.Height))
	if d.Time.IsZero() {
		return binary.BigEndian.AppendUint32(b, 0)
	}
	return binary.BigEndian.AppendUint32(b, uint32(d.Time.Unix()))
}

// ReadBirthday reads what appendBirthday wrote.
func ReadBirthday(r *rows.Row) birthday.Birthday {
	d := birthday.Birthday{Height: consensus.Height(r.U32())}
	if t := r.U32(); t != 0 {
		d.Time = time.Unix(int64(t), 0)
	}
	r.Bad = r.Bad || d.Height < 0
	return d
}

// appendBorn appends a kept birthday: height (u32; for none zero if there is a date, else that of unborn),
// Unix seconds of its date (u32, zero for none). The anchor is in the anchored bucket.
func appendBorn(b []byte, d birthday.Born) []byte {
	h := d.Height
	if h == birthday.Unborn && d.Date != 0 {
		h = 0
	}
	b = binary.BigEndian.AppendUint32(b, uint32(h))
	return binary.BigEndian.AppendUint32(b, d.Date)
}

// readBorn reads what appendBorn wrote.
func readBorn(r *rows.Row) birthday.Born {
	d := birthday.Born{Height: consensus.Height(r.U32()), Date: r.U32()}
	r.Bad = r.Bad || d.Height < 0 || d.Height == birthday.Unborn && d.Date != 0
	if d.Height == 0 && d.Date != 0 {
		d.Height = birthday.Unborn
	}
	return d
}
