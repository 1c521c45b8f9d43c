package dcrwallet

import (
	"context"
	"sync"

	"github.com/decred/dcrd/wire"
)

// kind is the kind of a callback. Of callbacks that report progress only the newest of a
// run of equals is kept.
type kind uint8

const (
	event kind = iota
	filterProgress
	headerProgress
	rescanProgress
)

// notifier calls the callbacks of a front end, one at a time and in order.
type notifier struct {
	to   Notifications
	poke chan struct{} // capacity one

	mu    sync.Mutex
	queue []call
}

// call is a callback that is due.
type call struct {
	kind kind
	do   func()
}

func newNotifier(to *Notifications) *notifier {
	n := &notifier{poke: make(chan struct{}, 1)}
	if to != nil {
		n.to = *to
	}
	return n
}

// put queues a callback. It never waits.
func (n *notifier) put(k kind, do func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if last := len(n.queue) - 1; k != event && last >= 0 && n.queue[last].kind == k {
		n.queue[last].do = do
		return
	}
	n.queue = append(n.queue, call{k, do})
	select {
	case n.poke <- struct{}{}:
	default:
	}
}

// run calls what is queued until ctx ends, and then what is left.
func (n *notifier) run(ctx context.Context) error {
	for {
		n.drain()
		select {
		case <-n.poke:
		case <-ctx.Done():
			n.drain()
			return nil
		}
	}
}

func (n *notifier) drain() {
	for {
		n.mu.Lock()
		if len(n.queue) == 0 {
			n.mu.Unlock()
			return
		}
		next := n.queue[0]
		n.queue = n.queue[1:]
		n.mu.Unlock()
		next.do()
	}
}

func (n *notifier) synced(synced bool) {
	if f := n.to.Synced; f != nil {
		n.put(event, func() { f(synced) })
	}
}

func (n *notifier) peerConnected(count int, addr string) {
	if f := n.to.PeerConnected; f != nil {
		n.put(event, func() { f(int32(count), addr) })
	}
}

func (n *notifier) peerDisconnected(count int, addr string) {
	if f := n.to.PeerDisconnected; f != nil {
		n.put(event, func() { f(int32(count), addr) })
	}
}

// plain queues a callback without parameters, which may be nil.
func (n *notifier) plain(f func()) {
	if f != nil {
		n.put(event, f)
	}
}

func (n *notifier) missingFilters(from, to int32) {
	if f := n.to.FetchMissingCFiltersProgress; f != nil {
		n.put(filterProgress, func() { f(from, to) })
	}
}

func (n *notifier) headers(tip *wire.BlockHeader) {
	if f := n.to.FetchHeadersProgress; f != nil {
		n.put(headerProgress, func() { f(int32(tip.Height), tip.Timestamp.Unix()) })
	}
}

func (n *notifier) rescanned(through int32) {
	if f := n.to.RescanProgress; f != nil {
		n.put(rescanProgress, func() { f(through) })
	}
}

func (n *notifier) mempool(txs ...*wire.MsgTx) {
	if f := n.to.MempoolTxs; f != nil {
		n.put(event, func() { f(txs) })
	}
}

func (n *notifier) tip(tip *wire.BlockHeader, reverted int, txs []*wire.MsgTx) {
	if f := n.to.TipChanged; f != nil {
		n.put(event, func() { f(tip, int32(reverted), txs) })
	}
}
