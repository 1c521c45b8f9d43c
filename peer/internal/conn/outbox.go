package conn

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
)

// maxOutbox bounds the bytes that wait to be written to one peer. Our requests are at most a
// few kilobytes each and bounded in number, so that only a peer that requests answers and
// does not read them can reach it.
const maxOutbox = 4 << 20

var errOutboxFull = errors.New("too many bytes wait to be written")

// outbox holds the messages that wait to be written, in their serialized form. Adding one never
// blocks.
type outbox struct {
	net  wire.CurrencyNet
	pver uint32
	poke chan struct{} // capacity one

	mu  sync.Mutex
	buf *bytes.Buffer
}

func newOutbox(network wire.CurrencyNet, pver uint32) *outbox {
	return &outbox{net: network, pver: pver, poke: make(chan struct{}, 1), buf: new(bytes.Buffer)}
}

// put adds a message.
func (o *outbox) put(msg wire.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.buf.Len() > maxOutbox {
		return fault.New(fault.Flood, errOutboxFull)
	}
	if err := wire.WriteMessage(o.buf, msg, o.pver, o.net); err != nil {
		return err
	}
	o.wake()
	return nil
}

// wake wakes drain.
func (o *outbox) wake() {
	select {
	case o.poke <- struct{}{}:
	default:
	}
}

// swap returns the bytes that wait to be written, if any, and puts an empty buffer in their
// place.
func (o *outbox) swap(empty *bytes.Buffer) *bytes.Buffer {
	o.mu.Lock()
	defer o.mu.Unlock()
	full := o.buf
	o.buf = empty
	return full
}

// drain writes to nc until done is closed. Messages that have gathered go out in one write.
// It fails with WriteStall if a write takes longer than the timeout.
func (o *outbox) drain(done <-chan struct{}, nc net.Conn, timeout time.Duration) error {
	spare := new(bytes.Buffer)
	for {
		select {
		case <-done:
			return nil
		case <-o.poke:
		}
		if spare = o.swap(spare); spare.Len() == 0 {
			continue // the message went out in an earlier write
		}
		if err := nc.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
			return err
		}
		_, err := nc.Write(spare.Bytes())
		var timeouts net.Error
		switch {
		case errors.As(err, &timeouts) && timeouts.Timeout():
			return fault.New(fault.WriteStall, err)
		case err != nil:
			return err
		}
		spare.Reset()
		if spare.Cap() > maxScratch {
			spare = new(bytes.Buffer)
		}
	}
}
