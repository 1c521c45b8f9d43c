package floor

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// headerStride is the size of a header in a headers message.
const headerStride = consensus.HeaderSize + 1

// headers is a headers message that has been proven.
type headers struct {
	raw    []byte // headerStride bytes each
	hashes []chainhash.Hash
}

// count cuts the number that begins a message off it.
func count(b []byte) (int, []byte, error) {
	switch {
	case len(b) >= 1 && b[0] < 0xfd:
		return int(b[0]), b[1:], nil
	case len(b) >= 3 && b[0] == 0xfd:
		return int(binary.LittleEndian.Uint16(b[1:])), b[3:], nil
	}
	return 0, nil, errors.New("message ends early")
}

// proveHeaders proves the work and the links of headers after a parent.
func proveHeaders(parent chainhash.Hash, raw []byte) (headers, error) {
	out := headers{raw, make([]chainhash.Hash, len(raw)/headerStride)}
	for i := range out.hashes {
		h := (*consensus.Header)(raw[i*headerStride:])
		out.hashes[i] = h.Hash()
		pow := h.PowHashV2()
		if err := standalone.CheckProofOfWorkHash(&pow, h.Bits()); err != nil {
			return out, err
		}
		if h.PrevBlock() != parent {
			return out, fmt.Errorf("header %d does not follow %v", h.Height(), parent)
		}
		parent = out.hashes[i]
	}
	return out, nil
}

// proveFilters compares the filters of a message with the roots that commit to
// them, and returns them, one after the other.
func proveFilters(roots []chainhash.Hash, payload []byte) ([]byte, error) {
	n, b, err := count(payload)
	if err != nil || n != len(roots) {
		return nil, fmt.Errorf("want %d filters, got %d: %w", len(roots), n, err)
	}
	const hash, proof = chainhash.HashSize, 4 + 1
	out := make([]byte, 0, len(payload))
	for i := range roots {
		if len(b) < hash {
			return nil, errors.New("filters end early")
		}
		size, rest, err := count(b[hash:])
		if err != nil || len(rest) < size+proof {
			return nil, fmt.Errorf("filter %d ends early: %w", i, err)
		}
		if size > 0 && chainhash.HashH(rest[:size]) != roots[i] {
			return nil, fmt.Errorf("filter %d is not the committed one", i)
		}
		out = append(out, rest[:size]...)
		b = rest[size+proof:]
	}
	return out, nil
}
