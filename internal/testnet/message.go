package testnet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/crypto/blake256"
	"github.com/decred/dcrd/wire"
)

// Message is a message in its serialized form. Its payload may be in pieces, so that packed
// data is sent without a copy.
type Message struct {
	Command string
	Payload [][]byte

	// sum is the checksum of the payload if it is known, and else nil.
	sum *[checksumSize]byte
}

// checksumSize is the size of the checksum in the head of a message.
const checksumSize = 4

// Encode returns a message in the form of a protocol version. It panics if the
// message cannot be encoded: nodes send nothing of the kind by mistake.
func Encode(msg wire.Message, pver uint32) Message {
	var b bytes.Buffer
	if err := msg.BtcEncode(&b, pver); err != nil {
		panic(fmt.Sprintf("testnet: encode %s: %v", msg.Command(), err))
	}
	return Message{Command: msg.Command(), Payload: [][]byte{b.Bytes()}}
}

// Decode decodes the payload into a message of its kind. It panics if it
// cannot.
func (m Message) Decode(into wire.Message, pver uint32) {
	if err := into.BtcDecode(bytes.NewBuffer(m.Bytes()), pver); err != nil {
		panic(fmt.Sprintf("testnet: decode %s: %v", m.Command, err))
	}
}

// Size returns the size of the payload in bytes.
func (m Message) Size() int {
	n := 0
	for _, piece := range m.Payload {
		n += len(piece)
	}
	return n
}

// Bytes returns a copy of the payload in one piece.
func (m Message) Bytes() []byte { return slices.Concat(m.Payload...) }

// Head returns what precedes the payload: magic, command, size and checksum.
func (m Message) Head(net wire.CurrencyNet) []byte {
	b := make([]byte, 0, wire.MessageHeaderSize)
	b = binary.LittleEndian.AppendUint32(b, uint32(net))
	var command [wire.CommandSize]byte
	copy(command[:], m.Command)
	b = append(b, command[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.Size()))
	sum := m.checksum()
	return append(b, sum[:]...)
}

// checksum returns the checksum of the payload.
func (m Message) checksum() [checksumSize]byte {
	if m.sum != nil {
		return *m.sum
	}
	h := blake256.NewHasher256()
	for _, piece := range m.Payload {
		h.WriteBytes(piece)
	}
	sum := chainhash.Hash(h.Sum256())
	return [checksumSize]byte(sum[:checksumSize])
}
