package serve

import (
	"context"
	"sync"
	"sync/atomic"
)

// Server serves light clients. Its Serve method does the work; the others may be called from any
// goroutine, at any time.
type Server struct {
	cfg     Config
	sources *sources
	cache   *blockCache
	sums    *sums
	headers buffers // of messages with headers
	filters buffers // and with filters
	state   stateBoard

	accepted, refused, sent, received, blocks, fetched, txs, defects atomic.Uint64

	mu        sync.Mutex // guards what follows, held for a moment
	sessions  map[*session]struct{}
	lastID    uint64
	listeners []Listener
}

// New returns a server. It does no I/O. The error says what is wrong with the configuration.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, sources: newSources(cfg.limits), cache: newBlockCache(cfg.limits.cache, cfg.limits.fetches), sums: newSums(rememberedSums),
		sessions: make(map[*session]struct{}),
	}
	s.state.changed = make(chan struct{})
	for _, address := range cfg.Listen {
		s.listeners = append(s.listeners, Listener{Address: address})
	}
	return s, nil
}

// defect counts a panic over what a client sent.
func (s *Server) defect() { s.defects.Add(1) }

// Serve serves clients until ctx ends, then returns nil. Trouble does not end it: it is reported,
// and tried again. While the store is not open it accepts no client. All that it has started has ended
// when it returns.
func (s *Server) Serve(ctx context.Context) error {
	defer s.cfg.Report()
	var follow sync.WaitGroup
	follow.Go(func() { s.followState(ctx) })
	defer follow.Wait()
	for {
		if s.await(ctx, true) != nil {
			return nil
		}
		s.serveOpen(ctx)
	}
}

// serveOpen serves clients until ctx ends or the store is no longer open.
func (s *Server) serveOpen(ctx context.Context) {
	serving, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var group sync.WaitGroup
	group.Go(func() { s.announce(serving) })
	for i := range s.cfg.Listen {
		group.Go(func() { s.listen(serving, i) })
	}
	_ = s.await(ctx, false) // either way the server stops
	stop(errDrained)
	group.Wait()
}

// followState reads the states of the sync until ctx ends.
func (s *Server) followState(ctx context.Context) {
	for st := range s.cfg.Changes(ctx) {
		s.sources.setBusy(st.Busy)
		s.state.set(st)
	}
}

// await waits until the store is open, or not. The error is that of ctx.
func (s *Server) await(ctx context.Context, open bool) error {
	for {
		st, changed := s.state.get()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if st.Open == open {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// snapshot returns the sessions there are.
func (s *Server) snapshot() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*session, 0, len(s.sessions))
	for c := range s.sessions {
		list = append(list, c)
	}
	return list
}

// stateBoard shows the newest state to any number of readers.
type stateBoard struct {
	mu      sync.Mutex // guards what follows
	current State
	changed chan struct{} // closed when current is replaced
}

// get returns the state, and a channel that is closed when there is another.
func (b *stateBoard) get() (State, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current, b.changed
}

func (b *stateBoard) set(st State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.current = st
	close(b.changed)
	b.changed = make(chan struct{})
}
