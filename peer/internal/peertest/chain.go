package peertest

import (
	"bytes"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Chain holds the headers and filters of a chain without any work.
type Chain struct {
	Blocks []*wire.MsgBlock // blocks[i] has height i
	Hashes []chainhash.Hash
}

func NewChain(n int) *Chain {
	c := &Chain{}
	prev := Params.GenesisHash
	for i := range n {
		b := &wire.MsgBlock{Header: wire.BlockHeader{PrevBlock: prev, Height: uint32(i), Timestamp: time.Unix(int64(i), 0)}}
		if i == 0 {
			b = Params.GenesisBlock
		}
		prev = b.BlockHash()
		c.Blocks = append(c.Blocks, b)
		c.Hashes = append(c.Hashes, prev)
	}
	return c
}

func (c *Chain) Filter(i int) wire.MsgCFilterV2 {
	return wire.MsgCFilterV2{BlockHash: c.Hashes[i], Data: bytes.Repeat([]byte{byte(i)}, 100+i%100)}
}

func (c *Chain) Height(h chainhash.Hash) int {
	for i := range c.Hashes {
		if c.Hashes[i] == h {
			return i
		}
	}
	return -1
}

// Answer answers like a good node; nil is silence.
func (c *Chain) Answer(msg wire.Message) wire.Message {
	switch msg := msg.(type) {
	case *wire.MsgPing:
		return wire.NewMsgPong(msg.Nonce)
	case *wire.MsgGetHeaders:
		from := 1
		for _, h := range msg.BlockLocatorHashes {
			if i := c.Height(*h); i >= 0 {
				from = i + 1
				break
			}
		}
		return c.Headers(from)
	case *wire.MsgGetCFsV2:
		first, last := c.Height(msg.StartHash), c.Height(msg.EndHash)
		if first < 0 || last < first || last-first >= wire.MaxCFiltersV2PerBatch {
			return nil
		}
		return c.Filters(first, last)
	case *wire.MsgGetCFilterV2:
		if i := c.Height(msg.BlockHash); i >= 0 {
			f := c.Filter(i)
			return &f
		}
	case *wire.MsgGetData:
		if i := c.Height(msg.InvList[0].Hash); i >= 0 {
			return c.Blocks[i]
		}
		return &wire.MsgNotFound{InvList: msg.InvList}
	}
	return nil
}

func (c *Chain) Headers(from int) *wire.MsgHeaders {
	m := wire.NewMsgHeaders()
	for i := from; i < len(c.Blocks) && len(m.Headers) < wire.MaxBlockHeadersPerMsg; i++ {
		_ = m.AddBlockHeader(&c.Blocks[i].Header) // which are not too many
	}
	return m
}

func (c *Chain) Filters(first, last int) *wire.MsgCFiltersV2 {
	var list []wire.MsgCFilterV2
	for i := first; i <= last; i++ {
		list = append(list, c.Filter(i))
	}
	return wire.NewMsgCFiltersV2(list)
}

// Payload returns the payload of a message as it is sent.
func Payload(t *testing.T, msg wire.Message) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := msg.BtcEncode(&buf, wire.ProtocolVersion); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
