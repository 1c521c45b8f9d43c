package peer

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/decred/dcrd/wire"
)

// maxOutbox bounds the bytes that wait to be written to one peer. Our requests
// are at most a few kilobytes each and bounded in number, so only a peer that
// makes us answer without reading can fill it.
const maxOutbox = 4 << 20

var errOutboxFull = errors.New("too many bytes wait to be written")

// outbox is the messages that wait to be written, already serialized. Putting
// one in never blocks.
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
		return fault(Flood, errOutboxFull)
	}
	if err := wire.WriteMessage(o.buf, msg, o.pver, o.net); err != nil {
		return err
	}
	poke(o.poke)
	return nil
}

// swap takes what waits, if anything, and leaves an empty buffer for what is
// to come.
func (o *outbox) swap(empty *bytes.Buffer) *bytes.Buffer {
	o.mu.Lock()
	defer o.mu.Unlock()
	full := o.buf
	o.buf = empty
	return full
}

// drain writes to nc until done is closed. Whatever has gathered meanwhile goes
// out in one write. A peer that takes nothing for the timeout stalls.
func (o *outbox) drain(done <-chan struct{}, nc net.Conn, timeout time.Duration) error {
	spare := new(bytes.Buffer)
	for {
		select {
		case <-done:
			return nil
		case <-o.poke:
		}
		if spare = o.swap(spare); spare.Len() == 0 {
			continue // it went out with what was there before
		}
		if err := nc.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
			return err
		}
		_, err := nc.Write(spare.Bytes())
		var timeouts net.Error
		switch {
		case errors.As(err, &timeouts) && timeouts.Timeout():
			return fault(WriteStall, err)
		case err != nil:
			return err
		}
		spare.Reset()
		if spare.Cap() > maxScratch {
			spare = new(bytes.Buffer)
		}
	}
}

// poke wakes the one reader of a channel of capacity one.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
