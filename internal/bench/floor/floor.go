package floor

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/spv/consensus"
)

// How much is asked for at a time.
const (
	chunkSize = wire.MaxCFiltersV2PerBatch
	window    = 64 // requests for filters on each connection
	perConn   = 8  // ranges of headers on each connection
)

// Config says what to download.
type Config struct {
	Params    *consensus.Params
	Peers     []string
	Dir       string              // where the flat files go
	Tip       consensus.Height    // what is to be reached
	Waypoints []consensus.BlockID // known blocks in height order, or none
}

// floor is one download. Block one has the index zero.
type floor struct {
	Config
	conns []*conn
	jobs  chan func() event // for those who hash; has room for all there are
	came  chan event

	headerFile, filterFile *bufio.Writer

	spans   []*span                  // those not complete, in height order
	idle    []*span                  // those of them that wait for a connection
	waiting map[chainhash.Hash]*span // those that wait for an answer, by their next
	hashes  []chainhash.Hash         // of the headers appended
	roots   []chainhash.Hash         // that their filters are committed to by

	asked    int                    // filters asked for
	starts   map[chainhash.Hash]int // of the chunks that wait for an answer
	filters  map[int]chunk          // proven ones, by their start
	appended int                    // filters appended
}

// event is something for the goroutine that orders.
type event func() error

// Run downloads everything up to the tip.
func Run(ctx context.Context, cfg Config) error {
	f := &floor{
		Config:  cfg,
		jobs:    make(chan func() event, 2*(int(cfg.Tip)/chunkSize+len(cfg.Waypoints)+1)),
		came:    make(chan event, 64),
		waiting: make(map[chainhash.Hash]*span),
		hashes:  make([]chainhash.Hash, 0, cfg.Tip),
		roots:   make([]chainhash.Hash, 0, cfg.Tip),
		starts:  make(map[chainhash.Hash]int),
		filters: make(map[int]chunk),
	}
	f.plan()
	for _, addr := range cfg.Peers {
		c, err := dial(ctx, addr, cfg.Params.ChainParams.Net)
		if err != nil {
			return err
		}
		defer c.Close()
		f.conns = append(f.conns, c)
	}
	return f.run(ctx)
}

// run starts what reads and hashes, and orders what they bring.
func (f *floor) run(ctx context.Context) error {
	headerFile, err := os.Create(filepath.Join(f.Dir, "headers"))
	if err != nil {
		return err
	}
	defer headerFile.Close()
	filterFile, err := os.Create(filepath.Join(f.Dir, "filters"))
	if err != nil {
		return err
	}
	defer filterFile.Close()
	f.headerFile, f.filterFile = bufio.NewWriterSize(headerFile, 1<<20), bufio.NewWriterSize(filterFile, 1<<20)

	ctx, cancel := context.WithCancel(ctx)
	g, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error { return f.hash(ctx) })
	}
	for _, c := range f.conns {
		g.Go(func() error { return f.read(ctx, c) })
	}
	g.Go(func() error {
		defer closeAll(f.conns)
		defer cancel() // first: then it is no fault that reading ends
		return f.order(ctx)
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return errors.Join(f.headerFile.Flush(), f.filterFile.Flush(), headerFile.Sync(), filterFile.Sync())
}

func closeAll(conns []*conn) {
	for _, c := range conns {
		c.Close()
	}
}

// hash does jobs.
func (f *floor) hash(ctx context.Context) error {
	for {
		select {
		case job := <-f.jobs:
			if err := f.tell(ctx, job()); err != nil {
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// tell hands over an event.
func (f *floor) tell(ctx context.Context, e event) error {
	select {
	case f.came <- e:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read hands over one message after the other.
func (f *floor) read(ctx context.Context, c *conn) error {
	for {
		command, payload, err := c.next()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		var e event
		switch command {
		case wire.CmdHeaders:
			e = func() error { return f.gotHeaders(payload) }
		case wire.CmdCFiltersV2:
			e = func() error { return f.gotFilters(c, payload) }
		default:
			continue
		}
		if f.tell(ctx, e) != nil {
			return nil
		}
	}
}

// order asks for what is due and takes what comes, until all is there.
func (f *floor) order(ctx context.Context) error {
	for f.appended < int(f.Tip) {
		if err := f.ask(); err != nil {
			return err
		}
		select {
		case e := <-f.came:
			if err := e(); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
