package conn

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
)

// Offsets and sizes of the fields that are read from raw payloads.
const (
	headerSize   = wire.MaxBlockHeaderPayload // of a serialized block header
	headerStride = headerSize + 1             // with the transaction count, always zero, that follows it
	offPrevBlock = 4                          // of the parent's hash in a header
	offHeight    = 128                        // of the height in a header
)

// shape identifies the content of a reply: enough to find the request it answers.
type shape struct {
	// n is the number of headers, filters or blocks.
	n int

	// first and last are the blocks of the first and the last item. For headers first is the
	// parent of the first one, and last is not set.
	first, last chainhash.Hash

	// height is the height that the last of the headers claims.
	height uint32
}

var errShort = errors.New("payload ends early")

// checkHeaders checks the form of a headers payload: a count of at most 2,000
// and so many headers, each followed by a transaction count of zero.
func checkHeaders(b []byte) (shape, error) {
	n, b, err := cutCount(b, wire.MaxBlockHeadersPerMsg)
	if err != nil {
		return shape{}, fmt.Errorf("headers: %w", err)
	}
	if len(b) != n*headerStride {
		return shape{}, fmt.Errorf("headers: %d bytes for %d headers", len(b), n)
	}
	for i := headerSize; i < len(b); i += headerStride {
		if b[i] != 0 {
			return shape{}, fmt.Errorf("headers: header %d has transactions", i/headerStride)
		}
	}
	if n == 0 {
		return shape{}, nil
	}
	last := b[(n-1)*headerStride:]
	return shape{
		n:      n,
		first:  chainhash.Hash(b[offPrevBlock : offPrevBlock+chainhash.HashSize]),
		height: binary.LittleEndian.Uint32(last[offHeight:]),
	}, nil
}

// checkCFilters checks the form of a cfiltersv2 payload: one to 100 filters and
// nothing after them. An empty one answers no possible request.
func checkCFilters(b []byte) (shape, error) {
	n, b, err := cutCount(b, wire.MaxCFiltersV2PerBatch)
	if err != nil {
		return shape{}, fmt.Errorf("cfiltersv2: %w", err)
	}
	if n == 0 {
		return shape{}, errors.New("cfiltersv2: no filters")
	}
	s := shape{n: n}
	for i := range n {
		if s.last, b, err = cutFilter(b); err != nil {
			return shape{}, fmt.Errorf("cfiltersv2: filter %d: %w", i, err)
		}
		if i == 0 {
			s.first = s.last
		}
	}
	if len(b) != 0 {
		return shape{}, fmt.Errorf("cfiltersv2: %d trailing bytes", len(b))
	}
	return s, nil
}

// checkCFilter checks the form of a cfilterv2 payload.
func checkCFilter(b []byte) (shape, error) {
	block, b, err := cutFilter(b)
	if err != nil {
		return shape{}, fmt.Errorf("cfilterv2: %w", err)
	}
	if len(b) != 0 {
		return shape{}, fmt.Errorf("cfilterv2: %d trailing bytes", len(b))
	}
	return shape{n: 1, first: block, last: block}, nil
}

// checkBlock returns the shape of a block payload, by hashing its header. The caller that
// requested the block decodes its transactions, off the reader.
func checkBlock(b []byte) (shape, error) {
	if len(b) < headerSize {
		return shape{}, fmt.Errorf("block: %w", errShort)
	}
	h := chainhash.HashH(b[:headerSize])
	return shape{n: 1, first: h, last: h}, nil
}

// checkTx checks the form of a tx payload and returns its hash.
func checkTx(b []byte) (shape, error) {
	hash, err := parse.TxID(b)
	return shape{n: 1, first: hash, last: hash}, err
}

// checkMix returns the hash of a payload of mixing, by which it was announced. The program that mixes
// checks its form.
func checkMix(b []byte) (shape, error) {
	hash := chainhash.HashH(b)
	return shape{n: 1, first: hash, last: hash}, nil
}

// fitsInv returns an error unless the size of a payload matches its count of inventory
// vectors.
func fitsInv(b []byte) error {
	const vectorSize = 4 + chainhash.HashSize
	n, b, err := cutCount(b, wire.MaxInvPerMsg)
	if err == nil && len(b) != n*vectorSize {
		err = fmt.Errorf("%d bytes for %d vectors", len(b), n)
	}
	return err
}

// cutFilter cuts one filter with its proof off the front of b: block hash,
// filter bytes, index and hashes of the inclusion proof (DCP0005).
func cutFilter(b []byte) (block chainhash.Hash, rest []byte, err error) {
	if len(b) < chainhash.HashSize {
		return block, nil, errShort
	}
	block = chainhash.Hash(b[:chainhash.HashSize])
	n, b, err := cutCount(b[chainhash.HashSize:], wire.MaxCFilterDataSize)
	if err != nil {
		return block, nil, err
	}
	const indexSize = 4
	if len(b) < n+indexSize {
		return block, nil, errShort
	}
	n, b, err = cutCount(b[n+indexSize:], wire.MaxHeaderProofHashes)
	if err != nil {
		return block, nil, err
	}
	if len(b) < n*chainhash.HashSize {
		return block, nil, errShort
	}
	return block, b[n*chainhash.HashSize:], nil
}

// cutCount cuts a variable length integer of at most limit off the front of b. Like wire it
// accepts only the shortest encoding of a number.
func cutCount(b []byte, limit uint64) (n int, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, errShort
	}
	width, least := 0, uint64(0)
	switch b[0] {
	case 0xfd:
		width, least = 2, 0xfd
	case 0xfe:
		width, least = 4, 1<<16
	case 0xff:
		width, least = 8, 1<<32
	}
	if len(b) < 1+width {
		return 0, nil, errShort
	}
	v := uint64(b[0])
	if width > 0 {
		var full [8]byte
		copy(full[:], b[1:1+width])
		v = binary.LittleEndian.Uint64(full[:])
	}
	switch {
	case v < least:
		return 0, nil, fmt.Errorf("count %d is not in its shortest form", v)
	case v > limit:
		return 0, nil, fmt.Errorf("count %d above the limit of %d", v, limit)
	}
	return int(v), b[1+width:], nil
}
