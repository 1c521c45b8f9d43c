package serve

import (
	"bytes"
	"encoding/binary"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Sizes of what requests hold.
const (
	invSize = 4 + chainhash.HashSize // an entry of getdata, inv and notfound

	// maxTxSize is the size in bytes above which no node relays a transaction (dcrd: mempool).
	maxTxSize = 100_000

	// maxSkipped bounds the payload of a message that is not used; all that a light client
	// sends by mistake is smaller.
	maxSkipped = 2 << 20
)

// limitOf returns the greatest size of a payload, and whether messages of the command are used.
func limitOf(cmd string) (limit uint32, used bool) {
	const locator = 4 + 3 + wire.MaxBlockLocatorsPerMsg*chainhash.HashSize + chainhash.HashSize
	const inventory = 3 + wire.MaxInvPerMsg*invSize
	switch cmd {
	case wire.CmdVersion:
		return 1024, true
	case wire.CmdVerAck, wire.CmdSendHeaders:
		return 0, true
	case wire.CmdPing:
		return 8, true
	case wire.CmdGetHeaders:
		return locator, true
	case wire.CmdGetCFilterV2:
		return chainhash.HashSize, true
	case wire.CmdGetCFiltersV2:
		return 2 * chainhash.HashSize, true
	case wire.CmdGetData, wire.CmdInv, wire.CmdNotFound:
		return inventory, true
	case wire.CmdTx:
		return maxTxSize, true
	case wire.CmdGetInitState:
		return 1024, true
	}
	return maxSkipped, false
}

// parseVersion parses the version message of a client.
func parseVersion(b []byte) (*wire.MsgVersion, error) {
	v, r := new(wire.MsgVersion), bytes.NewBuffer(b)
	if err := v.BtcDecode(r, protocolVersion); err != nil {
		return nil, faultf("version: %v", err)
	}
	return v, nil
}

// locatorOf parses a getheaders message.
func locatorOf(b []byte) (locator []chainhash.Hash, stop chainhash.Hash, err error) {
	if len(b) < 4 {
		return nil, stop, faultf("getheaders of %d bytes", len(b))
	}
	n, b, ok := cutCount(b[4:]) // the protocol version is of no use
	if !ok || n > wire.MaxBlockLocatorsPerMsg || len(b) != (n+1)*chainhash.HashSize {
		return nil, stop, faultf("getheaders with %d bytes for %d hashes", len(b), n)
	}
	locator = make([]chainhash.Hash, n)
	for i := range locator {
		b = b[copy(locator[i][:], b):]
	}
	return locator, chainhash.Hash(b), nil
}

// hashesOf parses a payload that is so many hashes.
func hashesOf(cmd string, b []byte, n int) ([]chainhash.Hash, error) {
	if len(b) != n*chainhash.HashSize {
		return nil, faultf("%s of %d bytes", cmd, len(b))
	}
	list := make([]chainhash.Hash, n)
	for i := range list {
		b = b[copy(list[i][:], b):]
	}
	return list, nil
}

// inventoryOf parses getdata, inv and notfound. An empty list is a fault, as for a full node.
func inventoryOf(cmd string, b []byte) ([]wire.InvVect, error) {
	n, b, ok := cutCount(b)
	if !ok || n > wire.MaxInvPerMsg || len(b) != n*invSize {
		return nil, faultf("%s with %d bytes for %d items", cmd, len(b), n)
	}
	if n == 0 {
		return nil, faultf("empty %s", cmd)
	}
	list := make([]wire.InvVect, n)
	for i := range list {
		list[i].Type = wire.InvType(binary.LittleEndian.Uint32(b))
		b = b[4:]
		b = b[copy(list[i].Hash[:], b):]
	}
	return list, nil
}

// typesOf parses a getinitstate message.
func typesOf(b []byte) ([]string, error) {
	m := wire.NewMsgGetInitState()
	if err := m.BtcDecode(bytes.NewBuffer(b), protocolVersion); err != nil {
		return nil, faultf("getinitstate: %v", err)
	}
	return m.Types, nil
}

// cutCount cuts a number from the front of a payload, of one or three bytes: no message that is
// used has room for more items than that.
func cutCount(b []byte) (n int, rest []byte, ok bool) {
	switch {
	case len(b) == 0 || b[0] > 0xfd || b[0] == 0xfd && len(b) < 3:
		return 0, nil, false
	case b[0] < 0xfd:
		return int(b[0]), b[1:], true
	}
	n = int(binary.LittleEndian.Uint16(b[1:]))
	return n, b[3:], n >= 0xfd // else it is written longer than it may be
}
