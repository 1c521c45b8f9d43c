package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/bench/meter"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// RelayJob is what a client that syncs and then serves has to do.
type RelayJob struct {
	Peers []string
	Dir   string // of its data
	Tip   consensus.Height

	Listen string // where it serves
}

// Relay syncs a whole client, as spvd is one, from peers, and then serves other clients until the
// input ends. It writes the address in a line when it is synced.
func Relay(ctx context.Context, j RelayJob, in io.Reader, out io.Writer) (err error) {
	c, err := spvd.Open(spvd.Config{Dir: j.Dir, Network: spvd.Simnet, Connect: j.Peers, Listen: []string{j.Listen}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var ended error
	var running sync.WaitGroup
	running.Go(func() { ended = c.Run(ctx) })
	err = c.Sync().Wait(ctx, func(st spv.Status) bool { return st.Synced && st.Tip.Height >= j.Tip })
	if err == nil {
		err = json.NewEncoder(out).Encode(Served{Addrs: []string{c.Server().Listeners()[0].Bound}, Tip: j.Tip})
	}
	if err == nil {
		_, err = io.Copy(io.Discard, in)
	}
	cancel()
	running.Wait()
	return errors.Join(err, ended)
}

// ServingResult is what was measured of first syncs from a full node, as the synthetic network
// has it, and from spvd, in pairs.
type ServingResult struct {
	Blocks      int
	Node, Relay Measured  // the turns with the median wall time
	First       float64   // the wall time of the first sync that spvd has served, by that from the node
	Ratios      []float64 // of the wall times of each other pair, in increasing order
}

// Ratio returns the median of the ratios.
func (r *ServingResult) Ratio() float64 { return r.Ratios[len(r.Ratios)/2] }

// RunServing measures first syncs from one peer, alternately from a node and from spvd that has
// synced from that node before. A sync from each comes first and is not counted: a node has the
// checksums of its messages from earlier clients, and so has spvd.
func RunServing(ctx context.Context, cfg Config, blocks int) (res ServingResult, err error) {
	res.Blocks = blocks
	dir, err := os.MkdirTemp(cfg.Dir, "servebench-")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	node, err := startServer(ctx, Service{Blocks: blocks, Peers: 1, CacheDir: cfg.CacheDir, Dir: dir})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, node.stop()) }()
	relay, err := startRelay(ctx, RelayJob{Peers: node.Addrs, Dir: filepath.Join(dir, "relay"), Tip: node.Tip, Listen: "127.0.0.1:0"})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, relay.stop()) }()
	var nodes, relays []Measured
	for turn := range cfg.Turns + 1 {
		pair := [2]Measured{}
		for i := range pair {
			which := (i + turn) % 2 // the other one is first in each turn
			peer := []*server{node, relay}[which]
			if pair[which], err = syncOnce(ctx, dir, peer, node.Tip); err != nil {
				return res, err
			}
		}
		ratio := pair[1].Wall.Seconds() / pair[0].Wall.Seconds()
		if turn == 0 {
			res.First = ratio
			continue
		}
		nodes, relays, res.Ratios = append(nodes, pair[0]), append(relays, pair[1]), append(res.Ratios, ratio)
	}
	res.Node, res.Relay = median(nodes), median(relays)
	slices.Sort(res.Ratios)
	return res, nil
}

// syncOnce measures one first sync into a directory that is deleted.
func syncOnce(ctx context.Context, dir string, peer *server, tip consensus.Height) (m Measured, err error) {
	store := filepath.Join(dir, "store")
	if err := os.Mkdir(store, 0o700); err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(store)) }()
	before := meter.CPUOf(peer.cmd.Process.Pid)
	m, err = measure(ctx, roleSync, Job{Peers: peer.Addrs, Tip: tip, Dir: store})
	m.Served = meter.CPUOf(peer.cmd.Process.Pid) - before
	return m, err
}

// WriteServing prints a table of first syncs from a node and from spvd.
func WriteServing(w io.Writer, results []ServingResult) error {
	fmt.Fprintln(w, "\n| blocks | from a node, s | from spvd, s | ratio | of the pairs | the first one served | processor of the client, s | from spvd, s | of the node, s | of spvd, s |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range results {
		_, err := fmt.Fprintf(w, "| %d | %.2f | %.2f | %.2f | %.2f–%.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", r.Blocks,
			r.Node.Wall.Seconds(), r.Relay.Wall.Seconds(), r.Ratio(), r.Ratios[0], r.Ratios[len(r.Ratios)-1], r.First,
			r.Node.CPU().Seconds(), r.Relay.CPU().Seconds(), r.Node.Served.Seconds(), r.Relay.Served.Seconds())
		if err != nil {
			return err
		}
	}
	return nil
}
