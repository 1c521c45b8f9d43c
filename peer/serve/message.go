package serve

import (
	"bytes"
	"encoding/binary"

	"github.com/decred/dcrd/wire"
)

// message is one message to a client, serialized.
type message struct {
	head    [wire.MessageHeaderSize]byte
	payload []byte   // not changed any more
	again   *buffers // takes the payload back when it was written; nil if others refer to it
}

// size returns the number of bytes on the wire.
func (m *message) size() int { return len(m.head) + len(m.payload) }

// newMessage makes a message of a payload, which it keeps.
func newMessage(net wire.CurrencyNet, cmd string, payload []byte) *message {
	return sealed(net, cmd, payload, checksum(payload))
}

// sealed makes a message of a payload, which it keeps, and its checksum.
func sealed(net wire.CurrencyNet, cmd string, payload []byte, sum [sumSize]byte) *message {
	m := &message{payload: payload}
	binary.LittleEndian.PutUint32(m.head[:], uint32(net))
	copy(m.head[offCommand:offLength], cmd)
	binary.LittleEndian.PutUint32(m.head[offLength:], uint32(len(payload)))
	copy(m.head[offChecksum:], sum[:])
	return m
}

// encode makes a message of one of package wire. The error is one of the caller: the message
// cannot be sent.
func encode(net wire.CurrencyNet, pver uint32, msg wire.Message) (*message, error) {
	var b bytes.Buffer
	if err := msg.BtcEncode(&b, pver); err != nil {
		return nil, err
	}
	return newMessage(net, msg.Command(), b.Bytes()), nil
}

// inventory makes a message that is a list of blocks or transactions.
func inventory(net wire.CurrencyNet, cmd string, list []wire.InvVect) *message {
	b := make([]byte, 0, 3+len(list)*invSize)
	b = appendCount(b, len(list))
	for i := range list {
		b = binary.LittleEndian.AppendUint32(b, uint32(list[i].Type))
		b = append(b, list[i].Hash[:]...)
	}
	return newMessage(net, cmd, b)
}

// appendCount appends a number as package wire writes it.
func appendCount(b []byte, n int) []byte {
	switch {
	case n < 0xfd:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(b, 0xfe), uint32(n))
}
