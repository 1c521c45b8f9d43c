package main

import (
	"flag"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
)

// config holds the settings of the command line.
type config struct {
	blocks   int
	peers    int
	seed     uint64
	start    time.Time
	listen   netip.AddrPort
	protocol uint
	shape    link.Shape
	mine     time.Duration
	faults   []testnet.Fault // of the first nodes
	cache    string
	prefix   string
	verbose  bool
}

// parse parses the command line. It has printed its error.
func parse(args []string, stderr io.Writer) (config, error) {
	cfg := config{
		start:  testnet.DefaultStart(),
		listen: netip.MustParseAddrPort("127.0.0.1:18555"),
	}
	f := flag.NewFlagSet("fakenet", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&cfg.blocks, "blocks", 100_000, "height of the tip")
	f.IntVar(&cfg.peers, "peers", 1, "number of nodes, at consecutive hosts")
	f.Uint64Var(&cfg.seed, "seed", 1, "what everything follows from")
	f.TextVar(&cfg.start, "start", cfg.start, "time of block one")
	f.TextVar(&cfg.listen, "listen", cfg.listen, "address of the first node")
	f.UintVar(&cfg.protocol, "protocol", 11, "protocol version, 11 or 12")
	f.DurationVar(&cfg.shape.Latency, "latency", 0, "time that a byte takes in one direction")
	f.DurationVar(&cfg.shape.Jitter, "jitter", 0, "how much longer it takes at most")
	f.IntVar(&cfg.shape.Bandwidth, "bandwidth", 0, "bytes per second in each direction of a connection; 0 is no limit")
	f.IntVar(&cfg.shape.CutAfter, "cutafter", 0, "bytes, on average, after which a connection breaks; 0 is never")
	f.DurationVar(&cfg.mine, "mine", 0, "time between new blocks; 0 is none")
	f.StringVar(&cfg.cache, "cache", testnet.DefaultCacheDir(), "directory for generated chains; empty keeps none")
	f.StringVar(&cfg.prefix, "prefix", "", "file of simnet blocks with filters, as testnet.Prefix reads it; blocks are then put on top of them")
	f.BoolVar(&cfg.verbose, "v", false, "tell of every connection")
	f.Func("fault", "fault of the next node, may be repeated: "+strings.Join(faultNames(), ", "), cfg.addFault)
	if err := f.Parse(args); err != nil {
		return cfg, err
	}
	if err := cfg.check(f.Args()); err != nil {
		fmt.Fprintf(stderr, "fakenet: %v\n", err)
		return cfg, err
	}
	return cfg, nil
}

// check checks the conditions that flags cannot express.
func (cfg *config) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unknown argument %q", rest[0])
	case cfg.blocks < 1:
		return fmt.Errorf("%d blocks are too few", cfg.blocks)
	case cfg.peers < 1 || cfg.peers > 200:
		return fmt.Errorf("cannot serve %d nodes", cfg.peers)
	case cfg.protocol != 11 && cfg.protocol != 12:
		return fmt.Errorf("protocol version %d is neither 11 nor 12", cfg.protocol)
	case len(cfg.faults) > cfg.peers:
		return fmt.Errorf("%d faults for %d nodes", len(cfg.faults), cfg.peers)
	case !cfg.listen.Addr().IsLoopback():
		return fmt.Errorf("%v is not a loopback address", cfg.listen.Addr())
	}
	return nil
}

// addFault adds the fault of one more node.
func (cfg *config) addFault(name string) error {
	all := testnet.Faults()
	i := slices.IndexFunc(all, func(f testnet.Fault) bool { return f.Name == name })
	if i < 0 {
		return fmt.Errorf("no such fault")
	}
	cfg.faults = append(cfg.faults, all[i])
	return nil
}

func faultNames() []string {
	var names []string
	for _, f := range testnet.Faults() {
		names = append(names, fmt.Sprintf("%q", f.Name))
	}
	return names
}
