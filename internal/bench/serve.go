package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

// waypointEvery is the distance of waypoints: about that of the embedded ones.
const waypointEvery = 16_384

// Service says what a serving process serves.
type Service struct {
	Blocks    int
	Peers     int
	RoundTrip time.Duration
	CacheDir  string // where chains are kept
	Dir       string // where the file of waypoints goes
}

// Served is what it tells when it is ready.
type Served struct {
	Addrs     []string
	Tip       consensus.Height
	Payload   int64  // bytes of all headers and filters
	Waypoints string // the file
}

// Serve serves a synthetic network until the input ends. It writes a line when it
// is ready; for each line with a number that it reads it puts so many blocks on
// the chain, and writes a line again.
func Serve(ctx context.Context, s Service, in io.Reader, out io.Writer) error {
	c, err := testnet.Generate(ctx, testnet.Config{Seed: 1, Blocks: s.Blocks, Start: testnet.DefaultStart(), CacheDir: s.CacheDir})
	if err != nil {
		return err
	}
	c.Warm()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	network := testnet.NewNetwork(1, nil)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return network.Run(ctx) })
	served := Served{Waypoints: filepath.Join(s.Dir, "waypoints.txt")}
	for i := range s.Peers {
		// Clients care about hosts: each node has one of its own.
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:0", i+1))
		if err != nil {
			cancel()
			return errors.Join(err, g.Wait())
		}
		addr := l.Addr().String()
		host := network.Add(addr, testnet.NewNode(testnet.NodeConfig{Chain: c}), link.Shape{Latency: s.RoundTrip / 2})
		g.Go(func() error { return network.ServeTCP(ctx, host, l) })
		served.Addrs = append(served.Addrs, addr)
	}
	g.Go(func() error {
		defer cancel()
		return s.obey(network, served, in, json.NewEncoder(out))
	})
	return g.Wait()
}

// obey tells what is served and does what it is told.
func (s *Service) obey(network *testnet.Network, served Served, in io.Reader, out *json.Encoder) error {
	hosts := network.Hosts()
	for lines := bufio.NewScanner(in); ; {
		c := hosts[0].Node.Chain()
		if err := writeWaypoints(served.Waypoints, c); err != nil {
			return err
		}
		served.Tip, served.Payload = c.Height(), payload(c)
		if err := out.Encode(served); err != nil {
			return err
		}
		if !lines.Scan() {
			return lines.Err()
		}
		blocks, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		c = c.Extend(blocks)
		for _, h := range hosts {
			h.Node.SetChain(c)
		}
	}
}

func writeWaypoints(file string, c *testnet.Chain) error {
	var text []byte
	for h := consensus.Height(waypointEvery); h <= c.Height(); h += waypointEvery {
		id := c.ID(h)
		text = fmt.Appendf(text, "%d %v\n", id.Height, id.Hash)
	}
	return os.WriteFile(file, text, 0o600)
}

// payload returns the size of all headers and filters.
func payload(c *testnet.Chain) int64 {
	var sum int64
	for h := range c.Height() + 1 {
		sum += consensus.HeaderSize + int64(len(c.Filter(h)))
	}
	return sum
}
