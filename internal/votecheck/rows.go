package votecheck

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/votes"
	"github.com/spvd/spvd/spv/consensus"
)

// errRow means that a row is not one of this version.
var errRow = errors.New("row of verified votes is malformed")

// row is a result as it is kept. The body of its record is
//
//	4 bytes  height of the block that is voted on, big endian like all numbers
//	32       its hash
//	32       hash of the successor
//	1        1 if the header of the successor approves, else 0
//	1        votes that the header of the successor counts
//	1        number of votes listed, each of which is
//	  32       hash of the transaction
//	  32       hash of the ticket
//	  2        vote bits
//	  1        reason, zero if it is verified
//
// Approving and disapproving votes follow from the list.
type row struct {
	votes.Result
	voters uint8 // that the header of the successor counts
}

const (
	rowHead = 4 + 32 + 32 + 1 + 1 + 1
	rowVote = 32 + 32 + 2 + 1
)

// encode returns the body of the record.
func (r *row) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(r.Block.Height))
	b = append(append(b, r.Block.Hash[:]...), r.Successor.Hash[:]...)
	approves := byte(0)
	if r.Approves {
		approves = 1
	}
	b = append(b, approves, r.voters, byte(len(r.Votes)))
	for _, v := range r.Votes {
		b = append(append(b, v.TxID[:]...), v.Ticket[:]...)
		b = append(binary.BigEndian.AppendUint16(b, v.Bits), byte(v.Reason))
	}
	return b
}

// decodeRow decodes the body of a record. The error is errRow.
func decodeRow(b []byte) (*row, error) {
	if len(b) < rowHead || len(b) != rowHead+rowVote*int(b[rowHead-1]) || b[68] > 1 {
		return nil, errRow
	}
	height := consensus.Height(binary.BigEndian.Uint32(b))
	if height < 0 {
		return nil, errRow
	}
	r := &row{voters: b[69]}
	r.Block = consensus.BlockID{Height: height, Hash: chainhash.Hash(b[4:36])}
	r.Successor = consensus.BlockID{Height: height + 1, Hash: chainhash.Hash(b[36:68])}
	r.Approves = b[68] == 1
	for b = b[rowHead:]; len(b) > 0; b = b[rowVote:] {
		v := votes.Checked{Reason: votes.Reason(b[66])}
		if !v.Reason.Known() {
			return nil, errRow
		}
		v.TxID, v.Ticket = chainhash.Hash(b[:32]), chainhash.Hash(b[32:64])
		v.Bits = binary.BigEndian.Uint16(b[64:])
		r.Votes = append(r.Votes, v)
		switch {
		case v.Reason != votes.Verified:
		case v.Approves():
			r.Approving++
		default:
			r.Disapproving++
		}
	}
	return r, nil
}

// jobRow is a job as it is kept. The body of its record is
//
//	4 bytes  number
//	1        state
//	1        1 if it follows from Config.Least, 0 if it was asked for
//	8        when it began, in seconds since 1970
//	8        when it ended, zero while it is not over
//	32       hash of the transaction
//	8        what it adds to the wallet, in atoms
//	4        height of its block, zero while it is not mined
//	32       hash of its block
//	         name of the wallet
type jobRow struct {
	id        uint32
	state     JobState
	automatic bool
	began     int64
	ended     int64
	tx        chainhash.Hash
	amount    int64
	block     consensus.BlockID
	wallet    string
}

const jobHead = 4 + 1 + 1 + 8 + 8 + 32 + 8 + 4 + 32

// encode returns the body of the record.
func (j *jobRow) encode() []byte {
	automatic := byte(0)
	if j.automatic {
		automatic = 1
	}
	b := append(binary.BigEndian.AppendUint32(nil, j.id), byte(j.state), automatic)
	b = binary.BigEndian.AppendUint64(b, uint64(j.began))
	b = binary.BigEndian.AppendUint64(b, uint64(j.ended))
	b = append(b, j.tx[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(j.amount))
	b = binary.BigEndian.AppendUint32(b, uint32(j.block.Height))
	return append(append(b, j.block.Hash[:]...), j.wallet...)
}

// decodeJob decodes the body of a record. The error is errRow.
func decodeJob(b []byte) (jobRow, error) {
	if len(b) <= jobHead || b[4] > byte(JobCanceled) || b[5] > 1 {
		return jobRow{}, errRow
	}
	u64 := binary.BigEndian.Uint64
	j := jobRow{
		id: binary.BigEndian.Uint32(b), state: JobState(b[4]), automatic: b[5] == 1,
		began: int64(u64(b[6:])), ended: int64(u64(b[14:])), tx: chainhash.Hash(b[22:54]), amount: int64(u64(b[54:])),
		wallet: string(b[jobHead:]),
	}
	j.block = consensus.BlockID{Height: consensus.Height(binary.BigEndian.Uint32(b[62:])), Hash: chainhash.Hash(b[66:98])}
	if j.block.Height < 0 || j.id == 0 {
		return jobRow{}, errRow
	}
	return j, nil
}

// over reports whether the job is done or was canceled.
func (j *jobRow) over() bool { return j.state != JobRunning }

// unixTime returns a stored time, the zero time for zero.
func unixTime(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// encode returns the body of the record: 8 bytes minute, 8 bytes sum.
func (s spending) encode() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(s.minute)), uint64(s.bytes))
}

// decodeSpending decodes the body of a record. The error is errRow.
func decodeSpending(b []byte) (spending, error) {
	if len(b) != 16 {
		return spending{}, errRow
	}
	s := spending{int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))}
	if s.minute < 0 || s.bytes < 0 {
		return spending{}, errRow
	}
	return s, nil
}
