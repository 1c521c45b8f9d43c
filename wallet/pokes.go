package wallet

import (
	"context"
	"sync"
)

// pokes tells readers that something has changed. Each has a channel of
// capacity one of its own, so that none waits for another, and none is waited
// for.
type pokes struct {
	mu      sync.Mutex // held for an insertion, a removal or one round of pokes
	readers map[chan struct{}]struct{}
}

// add adds a reader.
func (p *pokes) add(reader chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.readers == nil {
		p.readers = make(map[chan struct{}]struct{})
	}
	p.readers[reader] = struct{}{}
}

// watch adds a reader until ctx ends.
func (p *pokes) watch(ctx context.Context) <-chan struct{} {
	reader := make(chan struct{}, 1)
	p.add(reader)
	context.AfterFunc(ctx, func() { p.remove(reader) })
	return reader
}

// remove removes a reader.
func (p *pokes) remove(reader chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.readers, reader)
}

// poke pokes all readers.
func (p *pokes) poke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for reader := range p.readers {
		poke(reader)
	}
}

// poke pokes one reader, unless it has not taken the last poke yet.
func poke(reader chan<- struct{}) {
	select {
	case reader <- struct{}{}:
	default:
	}
}
