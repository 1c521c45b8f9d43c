package floor

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// pver is the protocol version spoken: the first with batched filters.
const pver = int32(wire.BatchedCFiltersV2Version)

// readAhead is what is buffered from a socket, in bytes.
const readAhead = 256 << 10

// Offsets in a message header.
const (
	offLength   = 4 + wire.CommandSize
	offChecksum = offLength + 4
)

// conn is one connection that is through its handshake.
type conn struct {
	net.Conn
	params wire.CurrencyNet
	in     *bufio.Reader
	flying int // requests for filters that were not answered
}

// dial connects to a node and shakes hands.
func dial(ctx context.Context, addr string, network wire.CurrencyNet) (*conn, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, params: network, in: bufio.NewReaderSize(raw, readAhead)}
	if err := c.shake(); err != nil {
		return nil, errors.Join(fmt.Errorf("handshake with %s: %w", addr, err), raw.Close())
	}
	return c, nil
}

// shake sends version and verack, and waits for theirs.
func (c *conn) shake() error {
	me := wire.NewNetAddressIPPort(net.IPv4zero, 0, 0)
	version := wire.NewMsgVersion(me, me, uint64(time.Now().UnixNano()), 0)
	version.ProtocolVersion = pver
	version.DisableRelayTx = true
	if err := c.send(version); err != nil {
		return err
	}
	for got := 0; got < 2; {
		command, _, err := c.next()
		if err != nil {
			return err
		}
		if command == wire.CmdVersion || command == wire.CmdVerAck {
			got++
		}
	}
	return c.send(wire.NewMsgVerAck())
}

// send writes one message.
func (c *conn) send(m wire.Message) error { return wire.WriteMessage(c, m, uint32(pver), c.params) }

// next reads one message and checks its checksum.
func (c *conn) next() (command string, payload []byte, err error) {
	var head [wire.MessageHeaderSize]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return "", nil, err
	}
	size := binary.LittleEndian.Uint32(head[offLength:])
	if size > wire.MaxMessagePayload {
		return "", nil, fmt.Errorf("message of %d bytes", size)
	}
	payload = make([]byte, size)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		return "", nil, err
	}
	if sum := chainhash.HashH(payload); [4]byte(sum[:]) != [4]byte(head[offChecksum:]) {
		return "", nil, errors.New("wrong checksum")
	}
	name := head[4:offLength]
	for i, b := range name {
		if b == 0 {
			name = name[:i]
			break
		}
	}
	return string(name), payload, nil
}
