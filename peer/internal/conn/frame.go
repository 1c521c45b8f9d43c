package conn

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
)

// Sizes in bytes.
const (
	readAhead  = 128 << 10 // buffered from the socket
	firstGrant = 512 << 10 // of a payload's buffer before its bytes arrive; holds a full headers message
	maxScratch = 64 << 10  // of the buffer that is used again between messages
)

// Offsets of the fields of a message header.
const (
	offCommand  = 4
	offLength   = offCommand + wire.CommandSize
	offChecksum = offLength + 4
)

// frame is one message from a peer. Its payload, if any, belongs to the holder of the frame.
type frame struct {
	cmd     string       // empty for an unknown command
	msg     wire.Message // of commands that are decoded
	payload []byte       // of commands that stay raw
	shape   shape        // of payload
	over    int          // size in bytes of a payload that was skipped because of it
	size    int          // of the payload in bytes, of a skipped one too
	answers bool         // the payload began as the reply to an open request
}

// intake counts the bytes of payloads while they arrive: a handshakeBytes during the
// handshake, then the connection.
type intake interface {
	// begins returns the open request that a message answers, by its command and at
	// least the first maxHead bytes of its payload, or all of it; nil if there is none.
	begins(cmd string, head []byte) *Request

	// delivered counts bytes of the reply to a request.
	delivered(r *Request, n int)

	// unasked counts bytes that are no reply to a request. It blocks while there are too
	// many. Its error ends the connection.
	unasked(n int) error
}

// maxHead is how many bytes of a payload suffice to find the request it answers: a count, and
// a header or a hash.
const maxHead = 256

// frameReader cuts the byte stream of a peer into frames. It is used by one goroutine.
// Whatever a peer claims, it allocates no more than firstGrant before the bytes arrive, and
// never more than the limit of the message's type.
type frameReader struct {
	r       *bufio.Reader
	net     wire.CurrencyNet
	pver    uint32
	scratch []byte
	in      intake // nil counts nothing
	mixing  bool   // messages of mixing are read, instead of skipped

	// justified returns the greatest size of a cfiltersv2 payload that begins with the
	// filter of a block, zero for no bound, and whether such filters were asked for. Nil
	// means no bound for any.
	justified func(first chainhash.Hash) (most int, asked bool)
}

func newFrameReader(r io.Reader, net wire.CurrencyNet, pver uint32) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, readAhead), net: net, pver: pver}
}

// next reads one message. Its errors are of type *Error when the peer is at fault, else those
// of the connection.
func (f *frameReader) next() (frame, error) {
	head, err := f.r.Peek(wire.MessageHeaderSize)
	if err != nil {
		return frame{}, err
	}
	rule, size, err := f.parse(head)
	if err != nil {
		return frame{}, err
	}
	if rule.cmd == wire.CmdCFiltersV2 && size > maxUnasked && f.justified != nil {
		if read, err := f.checkFilters(size); err != nil || !read {
			if err == nil {
				if _, err = f.r.Discard(wire.MessageHeaderSize); err == nil {
					err = f.skip(size)
				}
			}
			return frame{cmd: rule.cmd, over: size}, err
		}
		if head, err = f.r.Peek(wire.MessageHeaderSize); err != nil {
			return frame{}, err
		}
	}
	want := [4]byte(head[offChecksum:])
	if _, err := f.r.Discard(wire.MessageHeaderSize); err != nil {
		return frame{}, err
	}

	if rule.handling == mixing && !f.mixing {
		return frame{cmd: rule.cmd, size: size}, f.skip(size)
	}
	if rule.most > 0 && size > rule.most {
		return frame{cmd: rule.cmd, over: size}, f.skip(size)
	}
	switch rule.handling {
	case keep, mixing:
		tally := account{f: f, cmd: rule.cmd}
		payload, err := f.payload(nil, size, want, &tally)
		if err != nil {
			return frame{}, err
		}
		s, err := rule.check(payload)
		if err != nil {
			return frame{}, fault.New(fault.Malformed, err)
		}
		return frame{cmd: rule.cmd, payload: payload, shape: s, size: size, answers: tally.answers != nil}, nil

	case decode:
		payload, err := f.payload(f.scratch, size, want, &account{f: f, decided: true})
		if err != nil {
			return frame{}, err
		}
		if cap(payload) <= maxScratch {
			f.scratch = payload[:0]
		}
		msg, err := f.decode(rule, payload)
		return frame{cmd: rule.cmd, msg: msg, size: size}, err

	default:
		return frame{cmd: rule.cmd, size: size}, f.skip(size)
	}
}

// maxUnasked is the size in bytes of cfiltersv2 payloads that are read whether or not they
// were asked for.
const maxUnasked = 32 << 10

// checkFilters compares the size of the next cfiltersv2 payload with the greatest valid size
// for its first block. It reports whether to read the payload: false if no request is open
// for it. A payload that is too large is an error of the peer.
func (f *frameReader) checkFilters(size int) (read bool, err error) {
	const skip = wire.MessageHeaderSize + 1 // the number of filters, at most 100
	head, err := f.r.Peek(skip + chainhash.HashSize)
	if err != nil {
		return false, err
	}
	first := chainhash.Hash(head[skip:])
	most, asked := f.justified(first)
	if most > 0 && size > most {
		return false, fault.New(fault.Oversized, fmt.Errorf("filters from block %v: %d bytes, of blocks that justify at most %d",
			first, size, most))
	}
	return asked, nil
}

// skip reads and discards a payload.
func (f *frameReader) skip(size int) error {
	for size > 0 {
		n, err := f.r.Discard(min(size, readAhead))
		if err != nil {
			return err
		}
		size -= n
		if err := f.unasked(n); err != nil {
			return err
		}
	}
	return f.unasked(wire.MessageHeaderSize)
}

// unasked counts bytes that are no reply to a request.
func (f *frameReader) unasked(n int) error {
	if f.in == nil {
		return nil
	}
	return f.in.unasked(n)
}

// account counts the bytes of one payload as the reply to a request, once its first bytes
// have shown which request that is, or else as unsolicited.
type account struct {
	f       *frameReader
	cmd     string
	answers *Request
	decided bool
	bytes   int // counted so far
}

// count counts the part of a payload that has arrived; whole means all of it.
func (t *account) count(payload []byte, whole bool) error {
	if !t.decided {
		if len(payload) < maxHead && !whole {
			return nil
		}
		t.decided = true
		if t.f.in != nil {
			t.answers = t.f.in.begins(t.cmd, payload)
		}
	}
	n := len(payload) - t.bytes
	t.bytes = len(payload)
	if t.answers != nil {
		t.f.in.delivered(t.answers, n)
		return nil
	}
	if whole {
		n += wire.MessageHeaderSize
	}
	return t.f.unasked(n)
}

// parse checks a message header and returns the rule for its command and the
// size of its payload.
func (f *frameReader) parse(head []byte) (rule, int, error) {
	if magic := wire.CurrencyNet(binary.LittleEndian.Uint32(head)); magic != f.net {
		switch magic {
		case wire.MainNet, wire.TestNet3, wire.SimNet, wire.RegNet:
			return rule{}, 0, fault.New(fault.WrongNetwork, fmt.Errorf("it is on %v, we are on %v", magic, f.net))
		}
		return rule{}, 0, fault.New(fault.Garbage, fmt.Errorf("message starts with %x", head[:offCommand]))
	}
	cmd := bytes.TrimRight(head[offCommand:offLength], "\x00")
	for _, c := range cmd {
		if c < 0x20 || c > 0x7e {
			return rule{}, 0, fault.New(fault.Malformed, fmt.Errorf("command %q", cmd))
		}
	}
	rule := ruleOf(cmd)
	size := binary.LittleEndian.Uint32(head[offLength:])
	if size > rule.limit {
		return rule, 0, fault.New(fault.Oversized, fmt.Errorf("%s of %d bytes, limit %d", cmd, size, rule.limit))
	}
	return rule, int(size), nil
}

// payload reads size bytes, into buf as far as that has room, and compares their checksum.
func (f *frameReader) payload(buf []byte, size int, want [4]byte, tally *account) ([]byte, error) {
	if grant := min(size, firstGrant); cap(buf) < grant {
		buf = make([]byte, grant)
	}
	for got := 0; got < size; {
		if got == cap(buf) {
			larger := make([]byte, min(size, 2*cap(buf)))
			copy(larger, buf)
			buf = larger
		}
		buf = buf[:min(size, cap(buf))]
		n, err := f.r.Read(buf[got:])
		got += n
		if err != nil && got < size {
			return nil, err
		}
		if got < size {
			err = tally.count(buf[:got], false)
		}
		if err != nil {
			return nil, err
		}
	}
	buf = buf[:size]
	if err := tally.count(buf, true); err != nil {
		return nil, err
	}
	if sum := chainhash.HashH(buf); [4]byte(sum[:]) != want {
		return nil, fault.New(fault.BadChecksum, fmt.Errorf("%x, header says %x", sum[:4], want))
	}
	return buf, nil
}

// decode decodes a payload by package wire. The message does not refer to the payload.
func (f *frameReader) decode(r rule, payload []byte) (wire.Message, error) {
	if r.fits != nil {
		if err := r.fits(payload); err != nil {
			return nil, fault.New(fault.Malformed, fmt.Errorf("%s: %w", r.cmd, err))
		}
	}
	msg, buf := r.blank(), bytes.NewBuffer(payload)
	err := msg.BtcDecode(buf, f.pver)
	if err != nil && r.lenient != nil && errors.Is(err, r.lenient) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Malformed, fmt.Errorf("%s: %w", r.cmd, err))
	}
	if buf.Len() > 0 {
		return nil, fault.New(fault.Malformed, fmt.Errorf("%s: %d trailing bytes", r.cmd, buf.Len()))
	}
	return msg, nil
}
