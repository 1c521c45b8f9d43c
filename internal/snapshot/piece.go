package snapshot

import (
	"encoding/binary"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/spv/consensus"
)

// Piece is a run of consecutive blocks of a segment. Their headers and filters have passed
// all rules that they can show by themselves.
type Piece struct {
	// Headers are the headers, without that of the genesis block, which is known.
	Headers *consensus.HeaderBatch

	// Filters are the filters of the same blocks; nil if they are not needed, see
	// Reader.FiltersFrom.
	Filters *consensus.FilterBatch

	// Segment is where they come from.
	Segment *Segment
}

// Last returns the last block of the piece.
func (p *Piece) Last() consensus.BlockID {
	i := len(p.Headers.Headers) - 1
	return consensus.BlockID{Height: p.Headers.Headers[i].Height(), Hash: p.Headers.Hashes[i]}
}

// job is a piece before it is proven, and after that.
type job struct {
	seg     *Segment
	first   consensus.Height // of its blocks
	blocks  int              // how many
	headers []consensus.Header
	lengths []byte // the entries of the table; nil without filters
	filters []byte // one after the other
	last    bool   // it ends the segment
	cost    int64  // for the budget

	done  chan struct{} // closed when piece or err is set
	piece *Piece        // nil if all that it holds is the genesis block
	err   error
}

// prover proves one job after the other.
type prover struct {
	params        *consensus.Params
	genesisFilter []byte
	targets       []consensus.FilterTarget // of the filters of a job: memory that is used again
}

// run proves a job. A panic over its bytes is an error.
func (v *prover) run(j *job) {
	defer close(j.done)
	j.piece, j.err = defect.Contain(0, func() (*Piece, error) { return v.prove(j) })
}

// prove returns the piece of a job, nil if all that it holds is the genesis block.
func (v *prover) prove(j *job) (*Piece, error) {
	filters := j.split()
	if j.first == 0 {
		if err := j.checkGenesis(v.params, filters, v.genesisFilter); err != nil {
			return nil, err
		}
		j.headers, filters = j.headers[1:], filters[min(1, len(filters)):]
		j.first++
	}
	if len(j.headers) == 0 {
		return nil, nil
	}
	headers, err := j.prepare(v.params)
	if err != nil {
		return nil, err
	}
	if j.lengths == nil {
		return &Piece{Headers: headers, Segment: j.seg}, nil
	}
	v.targets = v.targets[:0]
	for i := range headers.Headers {
		h := &headers.Headers[i]
		id := consensus.BlockID{Height: h.Height(), Hash: headers.Hashes[i]}
		v.targets = append(v.targets, consensus.TargetOf(v.params, id, h))
	}
	proven, err := consensus.ProveStored(v.params, v.targets, filters)
	if err != nil {
		return nil, fault(Invalid, "a filter is wrong").because(err).of(j.seg)
	}
	return &Piece{Headers: headers, Filters: proven, Segment: j.seg}, nil
}

// split cuts the filters by their sizes, which have been found to fit.
func (j *job) split() [][]byte {
	filters := make([][]byte, 0, len(j.lengths)/lengthSize)
	rest := j.filters
	for at := 0; at < len(j.lengths); at += lengthSize {
		n := binary.LittleEndian.Uint32(j.lengths[at:])
		filters = append(filters, rest[:n:n])
		rest = rest[n:]
	}
	return filters
}

// checkGenesis compares the first block, and its filter if there is one, with those that are known.
func (j *job) checkGenesis(p *consensus.Params, filters [][]byte, want []byte) error {
	if j.headers[0] != p.Genesis() {
		return fault(OtherNetwork, "it begins with another block than the genesis block of %s",
			p.ChainParams.Name).of(j.seg)
	}
	if len(filters) > 0 && string(filters[0]) != string(want) {
		return fault(Invalid, "the filter of the genesis block is wrong").of(j.seg)
	}
	return nil
}

// prepare proves the headers, and that they are at the heights of the segment.
func (j *job) prepare(p *consensus.Params) (*consensus.HeaderBatch, error) {
	batch, err := consensus.PrepareStored(p, j.headers)
	if err != nil {
		return nil, fault(Invalid, "a header is wrong").because(err).of(j.seg)
	}
	if got := batch.Headers[0].Height(); got != j.first {
		return nil, fault(Unlinked, "it has block %d in the place of block %d", got, j.first).of(j.seg)
	}
	return batch, nil
}

// chained checks that a piece follows the block before it, and ends its segment with the
// block that this is named after. The hash of the block before is nil if it is not known.
func (j *job) chained(before *chainhash.Hash) error {
	if first := &j.piece.Headers.Headers[0]; before != nil && first.PrevBlock() != *before {
		return fault(Unlinked, "block %d follows block %v and not %v",
			first.Height(), first.PrevBlock(), *before).of(j.seg)
	}
	if last := j.piece.Last(); j.last && last.Hash != j.seg.Hash {
		return fault(OtherBlock, "it ends with block %v and not with the one it is named after", last.Hash).of(j.seg)
	}
	return nil
}

// checkLengths checks the table of a file of filters: that all filters together fill the
// file, and that none is larger than the wire protocol allows.
func checkLengths(seg *Segment, table []byte, most int) error {
	total := int64(len(table))
	for at := 0; at < len(table); at += lengthSize {
		n := binary.LittleEndian.Uint32(table[at:])
		if n > uint32(most) {
			h := seg.First + consensus.Height(at/lengthSize)
			return fault(Malformed, "the filter of block %d has %d bytes, more than %d", h, n, most).of(seg)
		}
		total += int64(n)
	}
	if total != seg.Filters.Size {
		return fault(Malformed, "its filters take %d bytes, and the file has %d", total, seg.Filters.Size).of(seg)
	}
	return nil
}

// sizeOf returns the size of the filters of some entries of the table.
func sizeOf(lengths []byte) (n int64) {
	for at := 0; at < len(lengths); at += lengthSize {
		n += int64(binary.LittleEndian.Uint32(lengths[at:]))
	}
	return n
}
