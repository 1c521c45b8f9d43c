package miner

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// The notifications of the node that mining depends on.
const (
	newWork        = "work"
	winningTickets = "winningtickets"
)

// notes receives the node's notifications. It keeps what is worth keeping and
// pokes the waiting goroutines.
type notes struct {
	changed chan struct{} // capacity one

	mu      sync.Mutex
	work    *work                               // the newest
	winners map[chainhash.Hash][]chainhash.Hash // tickets by the block they may vote for
}

func newNotes() *notes {
	return &notes{
		changed: make(chan struct{}, 1),
		winners: make(map[chainhash.Hash][]chainhash.Hash),
	}
}

// Notify takes a notification.
func (n *notes) Notify(method string, params json.RawMessage) error {
	var err error
	switch method {
	case newWork:
		err = n.readWork(params)
	case winningTickets:
		err = n.readWinners(params)
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("read notification %s: %w", method, err)
	}
	select {
	case n.changed <- struct{}{}:
	default:
	}
	return nil
}

// readWork keeps new work. Its parameters are the data, the target and the
// reason.
func (n *notes) readWork(params json.RawMessage) error {
	var fields []string
	if err := json.Unmarshal(params, &fields); err != nil {
		return err
	}
	if len(fields) == 0 {
		return errNoWork
	}
	w, err := parseWork(fields[0])
	if err != nil {
		return err
	}
	n.keepWork(w)
	return nil
}

// readWinners keeps the tickets that may vote for a block. The parameters are
// its hash, its height, and the tickets by their place in the lottery.
func (n *notes) readWinners(params json.RawMessage) error {
	var (
		block   string
		height  int64
		tickets map[string]string
	)
	if err := json.Unmarshal(params, &[]any{&block, &height, &tickets}); err != nil {
		return err
	}
	var hash chainhash.Hash
	if err := chainhash.Decode(&hash, block); err != nil {
		return err
	}
	list := make([]chainhash.Hash, 0, len(tickets))
	for _, text := range tickets {
		var ticket chainhash.Hash
		if err := chainhash.Decode(&ticket, text); err != nil {
			return err
		}
		list = append(list, ticket)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.winners[hash] = list
	return nil
}

// keepWork keeps the newest work.
func (n *notes) keepWork(w *work) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.work = w
}

// lastWork returns the newest work, or nil.
func (n *notes) lastWork() *work {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.work
}

// takeWinners returns the tickets that may vote for a block, if they are known,
// and forgets all.
func (n *notes) takeWinners(block chainhash.Hash) ([]chainhash.Hash, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	tickets, ok := n.winners[block]
	if ok {
		clear(n.winners)
	}
	return tickets, ok
}
