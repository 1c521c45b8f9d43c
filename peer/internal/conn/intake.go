package conn

import (
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/fault"
)

// Limits on bytes that are no reply to a request. Honest nodes send announcements, addresses
// and pings without a request: a few kilobytes a minute, and once a whole mempool.
const (
	maxJunk      = 4 << 20          // bytes at once
	unaskedRate  = 16 << 10         // bytes per second that are read beyond these
	maxThrottled = 10 * time.Second // of not reading, until the peer is disconnected
)

// maxGreeting bounds the bytes of all messages of a handshake: many times what nodes send.
const maxGreeting = 256 << 10

// handshakeBytes is the intake of a handshake, in which no message is a reply. It is the
// number of bytes that have arrived.
type handshakeBytes int

func (*handshakeBytes) begins(string, []byte) *Request { return nil }

func (*handshakeBytes) delivered(*Request, int) {}

func (g *handshakeBytes) unasked(n int) error {
	if *g += handshakeBytes(n); *g > maxGreeting {
		return fault.New(fault.Flood, fmt.Errorf("%d bytes during the handshake", *g))
	}
	return nil
}

// throttle bounds the bytes that a peer sends without a request. The goroutine that reads
// owns it.
type throttle struct {
	level float64 // bytes beyond the allowance
	at    time.Time
	spent time.Duration // waited since the level was zero
}

// take counts bytes and returns how long to pause reading.
func (t *throttle) take(n int, now time.Time) time.Duration {
	t.level = max(0, t.level-now.Sub(t.at).Seconds()*unaskedRate)
	t.at = now
	if t.level == 0 {
		t.spent = 0
	}
	t.level += float64(n)
	pause := time.Duration((t.level - maxJunk) / unaskedRate * float64(time.Second))
	if pause <= 0 {
		return 0
	}
	t.spent += pause
	return pause
}

// refund reverts take for bytes that turned out to be a reply.
func (t *throttle) refund(n int) { t.level = max(0, t.level-float64(n)) }

// unasked implements intake: it pauses reading while the peer sends too much, and returns an
// error when the peer goes on.
func (rd *reader) unasked(n int) error {
	pause := rd.throttle.take(n, time.Now())
	switch {
	case pause == 0:
		return nil
	case rd.throttle.spent > maxThrottled:
		return fault.New(fault.Flood, fmt.Errorf("%d bytes more than %d that no request asked for", int(rd.throttle.level)-maxJunk, maxJunk))
	}
	var timer wait.Timer
	defer timer.Stop()
	timer.Reset(pause)
	select {
	case <-timer.C():
		return nil
	case <-rd.conn.ended:
		return rd.conn.cause
	}
}

// begins implements intake.
func (rd *reader) begins(cmd string, head []byte) *Request {
	k, first, ok := beginning(cmd, head)
	if !ok {
		return nil
	}
	rd.conn.mu.Lock()
	defer rd.conn.mu.Unlock()
	return rd.conn.table.begun(k, first, !rd.conn.announcing)
}

// beginning returns the kind of request that a message answers, and the first block that it
// names: for headers the parent of the first one, none if it is empty.
func beginning(cmd string, b []byte) (k Kind, first chainhash.Hash, ok bool) {
	var from int
	switch cmd {
	case wire.CmdHeaders:
		n, rest, err := cutCount(b, wire.MaxBlockHeadersPerMsg)
		if err != nil || n == 0 {
			return GetHeaders, first, err == nil
		}
		k, b, from = GetHeaders, rest, offPrevBlock
	case wire.CmdCFiltersV2:
		_, rest, err := cutCount(b, wire.MaxCFiltersV2PerBatch)
		if err != nil {
			return k, first, false
		}
		k, b = GetCFilters, rest
	case wire.CmdCFilterV2:
		k = GetCFilter
	case wire.CmdBlock:
		if len(b) < headerSize {
			return k, first, false
		}
		return GetBlock, chainhash.HashH(b[:headerSize]), true
	default:
		return k, first, false
	}
	if len(b) < from+chainhash.HashSize {
		return k, first, false
	}
	return k, chainhash.Hash(b[from : from+chainhash.HashSize]), true
}

// delivered implements intake.
func (rd *reader) delivered(r *Request, n int) {
	rd.conn.mu.Lock()
	defer rd.conn.mu.Unlock()
	rd.conn.table.delivered(r, n, time.Now())
}
