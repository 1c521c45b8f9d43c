package proxy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Direction is where a message goes.
type Direction uint8

// The directions.
const (
	ToNode Direction = iota
	ToClient
)

// String returns the direction in words.
func (d Direction) String() string {
	if d == ToNode {
		return "to node"
	}
	return "to client"
}

// Frame is one message that passed.
type Frame struct {
	Conn      int // number of the connection, from 1
	Direction Direction
	Command   string
	Payload   []byte
	At        time.Time // when it passed
}

// Decode reads the payload as a message.
func (f *Frame) Decode(m wire.Message) error {
	if m.Command() != f.Command {
		return fmt.Errorf("decode %s as %s", f.Command, m.Command())
	}
	if err := m.BtcDecode(bytes.NewReader(f.Payload), wire.ProtocolVersion); err != nil {
		return fmt.Errorf("decode %s: %w", f.Command, err)
	}
	return nil
}

// Layout of a message header: network, command, length and checksum of the
// payload.
const (
	commandAt  = 4
	lengthAt   = commandAt + wire.CommandSize
	checksumAt = lengthAt + 4
)

// readFrame reads a message. It returns its bytes beside what they mean.
func readFrame(r io.Reader, network wire.CurrencyNet) (f Frame, raw []byte, err error) {
	raw = make([]byte, wire.MessageHeaderSize)
	if _, err := io.ReadFull(r, raw); err != nil {
		return f, nil, err
	}
	if got := binary.LittleEndian.Uint32(raw); got != uint32(network) {
		return f, nil, &formatError{fmt.Sprintf("message of network %08x", got)}
	}
	f.Command = strings.TrimRight(string(raw[commandAt:lengthAt]), "\x00")
	length := binary.LittleEndian.Uint32(raw[lengthAt:])
	if length > wire.MaxMessagePayload {
		return f, nil, &formatError{fmt.Sprintf("%s of %d bytes", f.Command, length)}
	}
	raw = append(raw, make([]byte, length)...)
	f.Payload = raw[wire.MessageHeaderSize:]
	if _, err := io.ReadFull(r, f.Payload); err != nil {
		return f, nil, fmt.Errorf("read %s: %w", f.Command, err)
	}
	if sum := chainhash.HashB(f.Payload); !bytes.Equal(sum[:4], raw[checksumAt:wire.MessageHeaderSize]) {
		return f, nil, &formatError{f.Command + " with a wrong checksum"}
	}
	return f, raw, nil
}

// formatError says what is wrong with bytes that are no message.
type formatError struct{ what string }

// Error returns what is wrong.
func (e *formatError) Error() string { return "not the wire protocol: " + e.what }
