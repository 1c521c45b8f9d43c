package testnet

import (
	"bytes"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// HeadersPayload returns the payload of a headers message with the headers of some heights, none
// if to is below from.
func (c *Chain) HeadersPayload(from, to consensus.Height) []byte {
	var b bytes.Buffer
	n := max(0, int(to-from)+1)
	_ = wire.WriteVarInt(&b, wire.ProtocolVersion, uint64(n))
	for h := from; h <= to; h++ {
		b.Write(c.At(h)[:])
		b.WriteByte(0)
	}
	return b.Bytes()
}

// CFiltersPayload returns the payload of a cfiltersv2 message with the filters of some heights, at
// most as many as a message may have. It panics for more.
func (c *Chain) CFiltersPayload(from, to consensus.Height) []byte {
	var filters []wire.MsgCFilterV2
	for h := from; h <= to; h++ {
		filters = append(filters, wire.MsgCFilterV2{BlockHash: c.ID(h).Hash, Data: c.Filter(h)})
	}
	var b bytes.Buffer
	if err := wire.NewMsgCFiltersV2(filters).BtcEncode(&b, wire.ProtocolVersion); err != nil {
		panic(err)
	}
	return b.Bytes()
}
