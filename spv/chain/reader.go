package chain

import (
	"sync"
	"sync/atomic"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// Reader reads a chain: what was committed last, never what is staged. Its methods may be called
// from any goroutine, change nothing, and never wait for the writer; Check alone waits for a
// running commit, and a commit for it. They fail once the chain is closed.
type Reader struct {
	params  *consensus.Params
	store   *store.Store
	flushed atomic.Pointer[State]
	scans   sync.Pool // of *scan, whose memory is worth keeping
}

// State returns how far the chain goes on disk.
func (r *Reader) State() State { return *r.flushed.Load() }
