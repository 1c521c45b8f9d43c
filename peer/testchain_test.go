package peer

import (
	"bytes"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// testChain holds the headers and filters of a chain without any work.
type testChain struct {
	blocks []*wire.MsgBlock // blocks[i] has height i
	hashes []chainhash.Hash
}

func newTestChain(n int) *testChain {
	c := &testChain{}
	prev := params.GenesisHash
	for i := range n {
		b := &wire.MsgBlock{Header: wire.BlockHeader{PrevBlock: prev, Height: uint32(i), Timestamp: time.Unix(int64(i), 0)}}
		if i == 0 {
			b = params.GenesisBlock
		}
		prev = b.BlockHash()
		c.blocks = append(c.blocks, b)
		c.hashes = append(c.hashes, prev)
	}
	return c
}

func (c *testChain) filter(i int) wire.MsgCFilterV2 {
	return wire.MsgCFilterV2{BlockHash: c.hashes[i], Data: bytes.Repeat([]byte{byte(i)}, 100+i%100)}
}

func (c *testChain) height(h chainhash.Hash) int {
	for i := range c.hashes {
		if c.hashes[i] == h {
			return i
		}
	}
	return -1
}

// answer answers like a good node; nil is silence.
func (c *testChain) answer(msg wire.Message) wire.Message {
	switch msg := msg.(type) {
	case *wire.MsgPing:
		return wire.NewMsgPong(msg.Nonce)
	case *wire.MsgGetHeaders:
		from := 1
		for _, h := range msg.BlockLocatorHashes {
			if i := c.height(*h); i >= 0 {
				from = i + 1
				break
			}
		}
		return c.headers(from)
	case *wire.MsgGetCFsV2:
		first, last := c.height(msg.StartHash), c.height(msg.EndHash)
		if first < 0 || last < first || last-first >= wire.MaxCFiltersV2PerBatch {
			return nil
		}
		return c.filters(first, last)
	case *wire.MsgGetCFilterV2:
		if i := c.height(msg.BlockHash); i >= 0 {
			f := c.filter(i)
			return &f
		}
	case *wire.MsgGetData:
		if i := c.height(msg.InvList[0].Hash); i >= 0 {
			return c.blocks[i]
		}
		return &wire.MsgNotFound{InvList: msg.InvList}
	}
	return nil
}

func (c *testChain) headers(from int) *wire.MsgHeaders {
	m := wire.NewMsgHeaders()
	for i := from; i < len(c.blocks) && len(m.Headers) < wire.MaxBlockHeadersPerMsg; i++ {
		m.AddBlockHeader(&c.blocks[i].Header)
	}
	return m
}

func (c *testChain) filters(first, last int) *wire.MsgCFiltersV2 {
	var list []wire.MsgCFilterV2
	for i := first; i <= last; i++ {
		list = append(list, c.filter(i))
	}
	return wire.NewMsgCFiltersV2(list)
}

// payload returns the payload of a message as it is sent.
func payload(t *testing.T, msg wire.Message) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := msg.BtcEncode(&buf, wire.ProtocolVersion); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
