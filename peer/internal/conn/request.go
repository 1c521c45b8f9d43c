package conn

import (
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/p2p"
)

// HeadersRequest returns a request for the headers that follow the first locator hash the
// peer knows, up to stop. A peer that knows none starts with the first block. It is an error
// if the locator is too long.
func HeadersRequest(genesis chainhash.Hash, locator []chainhash.Hash, stop chainhash.Hash) (*Request, error) {
	if n := len(locator); n > wire.MaxBlockLocatorsPerMsg {
		return nil, fmt.Errorf("locator of %d hashes, at most %d", n, wire.MaxBlockLocatorsPerMsg)
	}
	r := newRequest(GetHeaders)
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

// CFiltersRequest returns a request for the filters of the blocks from start to end, whose
// valid reply has at most so many bytes; zero means the limit of the message.
func CFiltersRequest(start, end chainhash.Hash, most int) *Request {
	r := newRequest(GetCFilters)
	r.most = most
	r.first, r.last = start, end
	r.msg = wire.NewMsgGetCFsV2(&start, &end)
	return r
}

// CFilterRequest returns a request for the filter of one block.
func CFilterRequest(hash chainhash.Hash) *Request {
	r := newRequest(GetCFilter)
	r.first, r.last = hash, hash
	r.msg = wire.NewMsgGetCFilterV2(&hash)
	return r
}

// BlockRequest returns a request for one block.
func BlockRequest(hash chainhash.Hash) *Request {
	r := newRequest(GetBlock)
	r.first, r.last = hash, hash
	r.msg = &wire.MsgGetData{InvList: []*wire.InvVect{wire.NewInvVect(wire.InvTypeBlock, &hash)}}
	return r
}

func newRequest(k Kind) *Request { return &Request{kind: k, done: make(chan reply, 1)} }

// complete completes a request that was removed from its table with the reply or error, unless
// it was abandoned.
func (r *Request) complete(payload []byte, err error) {
	if !r.abandoned {
		r.done <- reply{payload, err}
	}
}

// String returns the kind and the blocks in question, for errors.
func (r *Request) String() string {
	switch r.kind {
	case GetHeaders:
		if len(r.locator) == 0 {
			return "get headers"
		}
		return fmt.Sprintf("get headers after %v", r.locator[0])
	case GetCFilters:
		return fmt.Sprintf("get cfilters %v to %v", r.first, r.last)
	case GetCFilter:
		return fmt.Sprintf("get cfilter %v", r.first)
	default:
		return fmt.Sprintf("get block %v", r.first)
	}
}

// Late returns the payload that a peer has sent too late, as the reply to the request. It returns
// false if the payload is empty, or if no caller can use the reply: no caller proves single filters
// that arrive late.
func (r *Request) Late(from p2p.PeerID, payload []byte) (l p2p.LateReply, ok bool) {
	switch r.kind {
	case GetHeaders:
		l.Kind = p2p.Headers
	case GetCFilters:
		l.Kind = p2p.CFilters
	case GetBlock:
		l.Kind = p2p.Block
	default:
		return l, false
	}
	l.From, l.Locator, l.First, l.Last, l.Payload = from, r.locator, r.first, r.last, payload
	return l, len(payload) > 0
}

// Kind returns the kind of the request.
func (r *Request) Kind() Kind { return r.kind }

// Sent returns when the request was queued for writing. It may be called after Do has returned.
func (r *Request) Sent() time.Time { return r.sent }

// Progress returns how many bytes have arrived of the reply to a request and of the replies
// before it, and when the last of them did: when it was sent, if none has.
func (c *Conn) Progress(r *Request) (bytes int, last time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return r.progress()
}

// progress is conn.progress under its lock.
func (r *Request) progress() (bytes int, last time.Time) {
	if r.got == 0 {
		return 0, r.sent
	}
	return r.got, r.gotAt
}
