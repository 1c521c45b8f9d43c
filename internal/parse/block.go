package parse

import (
	"bytes"
	"fmt"

	"github.com/decred/dcrd/wire"
)

// headerSize is the size of a serialized block header in bytes.
const headerSize = wire.MaxBlockHeaderPayload

// Block decodes a block, which must fill the bytes. The scripts of its transactions
// are parts of them.
func Block(b []byte) (*wire.MsgBlock, error) {
	c, msg := cursor{rest: b}, new(wire.MsgBlock)
	if head := c.take(headerSize); head != nil {
		if err := msg.Header.Deserialize(bytes.NewReader(head)); err != nil {
			c.fail(err)
		}
	}
	msg.Transactions = c.txs()
	msg.STransactions = c.txs()
	if c.err == nil && len(c.rest) > 0 {
		c.fail(errTrailing)
	}
	if c.err != nil {
		return nil, fmt.Errorf("decode block: %w", c.err)
	}
	return msg, nil
}

// txs reads the transactions of one tree.
func (c *cursor) txs() []*wire.MsgTx {
	n := c.count("transactions", txSize)
	if c.err == nil && uint64(n) > wire.MaxTxPerTxTree(wire.ProtocolVersion) {
		c.fail(fmt.Errorf("%d transactions in one tree", n))
	}
	if c.err != nil {
		return nil
	}
	list := make([]*wire.MsgTx, 0, n)
	for range n {
		tx := c.tx()
		if c.err != nil {
			return nil
		}
		list = append(list, tx)
	}
	return list
}
