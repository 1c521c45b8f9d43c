package serve

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// Offsets of the fields of a message header.
const (
	offCommand  = 4
	offLength   = offCommand + wire.CommandSize
	offChecksum = offLength + 4
)

// firstGrant is how much is allocated for a payload before its bytes arrive. Most requests fit.
const firstGrant = 4 << 10

// errFault is wrapped by errors for which the client is at fault.
var errFault = errors.New("fault of the client")

// faultf makes an error for which the client is at fault.
func faultf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errFault, fmt.Sprintf(format, args...))
}

// request is one message of a client.
type request struct {
	cmd     string
	payload []byte // valid until the next message is read; nil if it was skipped
	size    int    // of the payload in bytes, of a skipped one too
}

// frameReader cuts the byte stream of a client into requests. It allocates no more for a payload
// than twice what has arrived of it, and firstGrant.
type frameReader struct {
	r   *bufio.Reader
	net wire.CurrencyNet
	buf []byte

	// skipped is called for parts of a payload that is skipped, and may wait; its error ends
	// the reading.
	skipped func(n int) error
}

func newFrameReader(r io.Reader, net wire.CurrencyNet) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, readAhead), net: net, skipped: func(int) error { return nil }}
}

// next reads one message. Its error wraps errFault if the client is at fault.
func (f *frameReader) next() (request, error) {
	head, err := f.r.Peek(wire.MessageHeaderSize)
	if err != nil {
		return request{}, err
	}
	if magic := wire.CurrencyNet(binary.LittleEndian.Uint32(head)); magic != f.net {
		return request{}, faultf("message of network %08x, this is %08x", uint32(magic), uint32(f.net))
	}
	cmd := string(bytes.TrimRight(head[offCommand:offLength], "\x00"))
	size := binary.LittleEndian.Uint32(head[offLength:])
	want := [4]byte(head[offChecksum:])
	limit, used := limitOf(cmd)
	if size > limit {
		return request{}, faultf("%.12q of %d bytes, limit %d", cmd, size, limit)
	}
	if _, err := f.r.Discard(wire.MessageHeaderSize); err != nil {
		return request{}, err
	}
	if !used {
		return request{cmd: cmd, size: int(size)}, f.skip(int(size))
	}
	payload, err := f.payload(int(size))
	if err != nil {
		return request{}, err
	}
	if sum := chainhash.HashH(payload); [4]byte(sum[:]) != want {
		return request{}, faultf("%s with checksum %x, its payload has %x", cmd, want, sum[:4])
	}
	return request{cmd: cmd, payload: payload, size: int(size)}, nil
}

// payload reads a payload into memory that grows as it arrives, and that is used again.
func (f *frameReader) payload(size int) ([]byte, error) {
	if cap(f.buf) > firstGrant && size <= firstGrant {
		f.buf = nil // a large one is not kept for small ones
	}
	if cap(f.buf) < min(size, firstGrant) {
		f.buf = make([]byte, min(size, firstGrant))
	}
	f.buf = f.buf[:0]
	for len(f.buf) < size {
		if len(f.buf) == cap(f.buf) {
			larger := make([]byte, len(f.buf), min(size, 2*cap(f.buf)))
			copy(larger, f.buf)
			f.buf = larger
		}
		got := len(f.buf)
		n, err := f.r.Read(f.buf[got:min(size, cap(f.buf))])
		f.buf = f.buf[:got+n]
		if err != nil && got+n < size {
			return nil, err
		}
	}
	return f.buf, nil
}

// skip reads a payload and drops it.
func (f *frameReader) skip(size int) error {
	for size > 0 {
		n, err := f.r.Discard(min(size, readAhead))
		if err != nil {
			return err
		}
		size -= n
		if err := f.skipped(n); err != nil {
			return err
		}
	}
	return nil
}
