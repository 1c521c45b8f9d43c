package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/bench/meter"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// FloodJob is what a process that floods a server has to do.
type FloodJob struct {
	Server string
	Hosts  int // addresses of this machine that it connects from
	Conns  int // connections of each
}

// Flooded says what a flood has got out of a server.
type Flooded struct {
	Connections, Messages, Bytes int64
	CPU                          time.Duration // of the flood itself
}

// Flood connects to a server from many hosts, again and again, and sends requests on each connection
// as fast as they are read, until the input ends: for headers from the genesis block on, for 100
// filters, for blocks, pings, large messages of no use, and handshakes alone.
func Flood(ctx context.Context, j FloodJob, in io.Reader, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var f flood
	var wg sync.WaitGroup
	for host := range j.Hosts {
		for i := range j.Conns {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(host+1))}}
			wg.Go(func() { f.attack(ctx, d, j.Server, host+i) })
		}
	}
	_, err := io.Copy(io.Discard, in)
	stop()
	wg.Wait()
	return errors.Join(err, json.NewEncoder(out).Encode(Flooded{f.conns.Load(), f.messages.Load(), f.bytes.Load(), meter.CPU()}))
}

// flood counts what the connections of a flood get.
type flood struct{ conns, messages, bytes atomic.Int64 }

// attack attacks over one connection after the other, each in another way.
func (f *flood) attack(ctx context.Context, d net.Dialer, server string, way int) {
	for ; ctx.Err() == nil; way++ {
		conn, err := d.DialContext(ctx, "tcp", server)
		if err == nil {
			f.conns.Add(1)
			f.over(ctx, conn, way)
		}
		select { // a server that closes at once is not to be dialled by one processor alone
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// over attacks over a connection until it is closed.
func (f *flood) over(ctx context.Context, conn net.Conn, way int) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	simnet := consensus.SimNet().ChainParams
	version := &wire.MsgVersion{ProtocolVersion: int32(wire.BatchedCFiltersV2Version), Timestamp: time.Unix(time.Now().Unix(), 0), Nonce: 1, UserAgent: "/flood:1.0.0/"}
	send := func(m wire.Message) bool {
		return wire.WriteMessage(conn, m, wire.BatchedCFiltersV2Version, simnet.Net) == nil
	}
	if !send(version) || !send(wire.NewMsgVerAck()) {
		return
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			n, _, _, err := wire.ReadMessageN(conn, wire.BatchedCFiltersV2Version, simnet.Net)
			if f.bytes.Add(int64(n)); err != nil {
				conn.Close()
				return
			}
			f.messages.Add(1)
		}
	})
	defer reading.Wait()
	defer conn.Close()
	genesis := simnet.GenesisHash
	headers := wire.NewMsgGetHeaders()
	headers.BlockLocatorHashes = []*chainhash.Hash{&genesis}
	blocks := wire.NewMsgGetData()
	blocks.InvList = []*wire.InvVect{wire.NewInvVect(wire.InvTypeBlock, &genesis)}
	//lint:ignore SA1019 a retired message is one that is of no use
	junk := wire.NewMsgCFilter(&genesis, wire.GCSFilterRegular, make([]byte, 200_000))
	switch way % 6 {
	case 0:
		for send(headers) {
		}
	case 1:
		for send(wire.NewMsgGetCFsV2(&genesis, &genesis)) {
		}
	case 2:
		for send(blocks) {
		}
	case 3:
		for send(wire.NewMsgPing(1)) {
		}
	case 4:
		for send(junk) {
		}
	case 5: // the handshake alone
	}
}

// Victim measures the first sync of a whole client that serves others meanwhile.
func Victim(ctx context.Context, j RelayJob) (m Measured, err error) {
	c, err := spvd.Open(spvd.Config{Dir: j.Dir, Network: spvd.Simnet, Connect: j.Peers, Listen: []string{j.Listen}})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	var ended error
	m.Usage, err = meter.Measure(nil, "", func() error {
		running.Go(func() { ended = c.Run(ctx) })
		return c.Sync().Wait(ctx, func(st spv.Status) bool { return st.Synced && st.Tip.Height >= j.Tip })
	})
	cancel()
	running.Wait()
	return m, errors.Join(err, ended)
}

// FloodResult is what was measured of first syncs, alone and while clients flood the server, in pairs.
type FloodResult struct {
	Blocks        int
	Alone, Beside Measured  // the turns with the median wall time
	Walls, CPUs   []float64 // of a sync in the flood by those of the other of its pair, in increasing order
	Served        []float64 // processors, on average, that the flood has cost the server, likewise
	Flooded       Flooded   // of all turns
}

// RunFlood measures pairs of first syncs from a node.
func RunFlood(ctx context.Context, cfg Config, blocks int, job FloodJob) (res FloodResult, err error) {
	res.Blocks = blocks
	dir, err := os.MkdirTemp(cfg.Dir, "floodbench-")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	node, err := startServer(ctx, Service{Blocks: blocks, Peers: 1, CacheDir: cfg.CacheDir, Dir: dir})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, node.stop()) }()
	var alone, beside []Measured
	for turn := range cfg.Turns {
		var pair [2]Measured
		for i := range pair {
			which := (i + turn) % 2
			if pair[which], err = syncFlooded(ctx, dir, node, which == 1, job, &res.Flooded); err != nil {
				return res, err
			}
		}
		alone, beside = append(alone, pair[0]), append(beside, pair[1])
		res.Walls = append(res.Walls, pair[1].Wall.Seconds()/pair[0].Wall.Seconds())
		res.CPUs = append(res.CPUs, pair[1].CPU().Seconds()/pair[0].CPU().Seconds())
		res.Served = append(res.Served, (pair[1].CPU()-pair[0].CPU()).Seconds()/pair[1].Wall.Seconds())
	}
	res.Alone, res.Beside = median(alone), median(beside)
	slices.Sort(res.Walls)
	slices.Sort(res.CPUs)
	slices.Sort(res.Served)
	return res, nil
}

// syncFlooded measures one first sync into a directory that is deleted, beside a flood or not.
func syncFlooded(ctx context.Context, dir string, node *server, flooded bool, job FloodJob, sum *Flooded) (m Measured, err error) {
	store := filepath.Join(dir, "store")
	defer func() { err = errors.Join(err, os.RemoveAll(store)) }()
	at, err := freeAddr()
	if err != nil {
		return m, err
	}
	if flooded {
		job.Server = at
		attack, err := startFlood(ctx, job)
		if err != nil {
			return m, err
		}
		defer func() {
			got, failure := attack.end()
			err = errors.Join(err, failure)
			sum.Connections += got.Connections
			sum.Messages += got.Messages
			sum.Bytes += got.Bytes
			sum.CPU += got.CPU
		}()
	}
	return measure(ctx, roleVictim, RelayJob{Peers: node.Addrs, Dir: store, Tip: node.Tip, Listen: at})
}

// freeAddr returns a loopback address that nothing listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// WriteFloods prints a table of first syncs beside a flood.
func WriteFloods(w io.Writer, results []FloodResult) error {
	fmt.Fprintln(w, "\n| blocks | alone, s | in the flood, s | ratio | of the pairs | processor, s | in the flood, s | ratio | of the pairs | processors for the flood | connections | answers | MB | processor of the flood, s |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range results {
		n := len(r.Walls)
		_, err := fmt.Fprintf(w, "| %d | %.2f | %.2f | %.2f | %.2f–%.2f | %.2f | %.2f | %.2f | %.2f–%.2f | %.3f | %d | %d | %.1f | %.1f |\n", r.Blocks,
			r.Alone.Wall.Seconds(), r.Beside.Wall.Seconds(), r.Walls[n/2], r.Walls[0], r.Walls[n-1],
			r.Alone.CPU().Seconds(), r.Beside.CPU().Seconds(), r.CPUs[n/2], r.CPUs[0], r.CPUs[n-1],
			r.Served[n/2], r.Flooded.Connections, r.Flooded.Messages, float64(r.Flooded.Bytes)/1e6, r.Flooded.CPU.Seconds())
		if err != nil {
			return err
		}
	}
	return nil
}
