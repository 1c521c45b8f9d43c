package peer

import (
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// headersRequest asks for the headers that follow the first locator hash the
// peer knows, up to stop. A peer that knows none starts with the first block.
func headersRequest(genesis chainhash.Hash, locator []chainhash.Hash, stop chainhash.Hash) (*request, error) {
	if n := len(locator); n > wire.MaxBlockLocatorsPerMsg {
		return nil, fmt.Errorf("locator of %d hashes, at most %d", n, wire.MaxBlockLocatorsPerMsg)
	}
	r := newRequest(getHeaders)
	msg := &wire.MsgGetHeaders{ProtocolVersion: maxVersion, HashStop: stop}
	r.msg = msg
	if len(locator) == 0 {
		return r, nil
	}
	r.locator = slices.Concat(locator, []chainhash.Hash{genesis})
	for i := range locator {
		msg.BlockLocatorHashes = append(msg.BlockLocatorHashes, &r.locator[i])
	}
	return r, nil
}

// cfiltersRequest asks for the filters of the blocks from start to end, which justify a
// reply of at most so many bytes; zero means as many as the message may have.
func cfiltersRequest(start, end chainhash.Hash, most int) *request {
	r := newRequest(getCFilters)
	r.most = most
	r.first, r.last = start, end
	r.msg = wire.NewMsgGetCFsV2(&start, &end)
	return r
}

// cfilterRequest asks for the filter of one block.
func cfilterRequest(hash chainhash.Hash) *request {
	r := newRequest(getCFilter)
	r.first, r.last = hash, hash
	r.msg = wire.NewMsgGetCFilterV2(&hash)
	return r
}

// blockRequest asks for one block.
func blockRequest(hash chainhash.Hash) *request {
	r := newRequest(getBlock)
	r.first, r.last = hash, hash
	r.msg = &wire.MsgGetData{InvList: []*wire.InvVect{wire.NewInvVect(wire.InvTypeBlock, &hash)}}
	return r
}

func newRequest(k kind) *request { return &request{kind: k, done: make(chan reply, 1)} }

// settle gives a request that was taken out of its table the reply, unless it was
// abandoned before.
func (r *request) settle(payload []byte, err error) {
	if !r.abandoned {
		r.done <- reply{payload, err}
	}
}

// String returns the kind and the blocks in question, for errors.
func (r *request) String() string {
	switch r.kind {
	case getHeaders:
		if len(r.locator) == 0 {
			return "get headers"
		}
		return fmt.Sprintf("get headers after %v", r.locator[0])
	case getCFilters:
		return fmt.Sprintf("get cfilters %v to %v", r.first, r.last)
	case getCFilter:
		return fmt.Sprintf("get cfilter %v", r.first)
	default:
		return fmt.Sprintf("get block %v", r.first)
	}
}
