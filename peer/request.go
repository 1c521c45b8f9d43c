package peer

import (
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// headersRequest returns a request for the headers that follow the first locator hash the
// peer knows, up to stop. A peer that knows none starts with the first block. It is an error
// if the locator is too long.
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

// cfiltersRequest returns a request for the filters of the blocks from start to end, whose
// valid reply has at most so many bytes; zero means the limit of the message.
func cfiltersRequest(start, end chainhash.Hash, most int) *request {
	r := newRequest(getCFilters)
	r.most = most
	r.first, r.last = start, end
	r.msg = wire.NewMsgGetCFsV2(&start, &end)
	return r
}

// cfilterRequest returns a request for the filter of one block.
func cfilterRequest(hash chainhash.Hash) *request {
	r := newRequest(getCFilter)
	r.first, r.last = hash, hash
	r.msg = wire.NewMsgGetCFilterV2(&hash)
	return r
}

// blockRequest returns a request for one block.
func blockRequest(hash chainhash.Hash) *request {
	r := newRequest(getBlock)
	r.first, r.last = hash, hash
	r.msg = &wire.MsgGetData{InvList: []*wire.InvVect{wire.NewInvVect(wire.InvTypeBlock, &hash)}}
	return r
}

func newRequest(k kind) *request { return &request{kind: k, done: make(chan reply, 1)} }

// settle completes a request that was removed from its table with the reply or error, unless
// it was abandoned.
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
