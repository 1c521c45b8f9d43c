package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
)

// totals holds the counters of all nodes together.
type totals struct {
	sessions, connections, in, out int64
	headers, filters, blocks, bans int64
	height                         int64
}

// sum adds up the counters of all nodes.
func sum(network *testnet.Network) totals {
	var t totals
	for _, h := range network.Hosts() {
		c := h.Node.Traffic()
		t.sessions += c.Sessions.Load()
		t.connections += c.Connections.Load()
		t.in += c.BytesIn.Load()
		t.out += c.BytesOut.Load()
		t.headers += c.Headers.Load()
		t.filters += c.CFilters.Load()
		t.blocks += c.Blocks.Load()
		t.bans += c.Bans.Load()
		t.height = max(t.height, int64(h.Node.Chain().Height()))
	}
	return t
}

// report writes a line for each second in which something changed.
func report(ctx context.Context, network *testnet.Network, w io.Writer) error {
	var last totals
	for {
		if wait.For(ctx, time.Second) != nil {
			return nil
		}
		now := sum(network)
		if now == last {
			continue
		}
		_, err := fmt.Fprintf(w, "height %d  sessions %d of %d  in %.1f kB  out %.1f MB (%.1f MB/s)  headers %d  cfilters %d  blocks %d  bans %d\n",
			now.height, now.sessions, now.connections, float64(now.in)/1e3, float64(now.out)/1e6,
			float64(now.out-last.out)/1e6, now.headers, now.filters, now.blocks, now.bans)
		if err != nil {
			return err
		}
		last = now
	}
}
