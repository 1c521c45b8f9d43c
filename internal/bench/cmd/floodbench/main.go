package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/spvd/spvd/internal/bench"
	"github.com/spvd/spvd/internal/bench/process"
	"github.com/spvd/spvd/internal/bench/report"
	"github.com/spvd/spvd/internal/testnet"
)

func main() { os.Exit(process.Main("floodbench", os.Args[1:], bench.Roles(), measure)) }

// measure measures what the command line asks for.
func measure(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("floodbench", flag.ExitOnError)
	blocks := f.Int("blocks", 100_000, "length of the chain")
	turns := f.Int("turns", 7, "how many pairs are measured")
	hosts := f.Int("hosts", 16, "how many hosts flood")
	conns := f.Int("conns", 8, "connections of each host")
	cache := f.String("cache", testnet.DefaultCacheDir(), "directory for generated chains")
	dir := f.String("dir", os.TempDir(), "directory for stores, on the disk to measure")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *turns < 1 {
		return fmt.Errorf("-turns: %d is too few", *turns)
	}
	r, err := bench.RunFlood(ctx, bench.Config{Turns: *turns, CacheDir: *cache, Dir: *dir}, *blocks, bench.FloodJob{Hosts: *hosts, Conns: *conns})
	if err != nil {
		return err
	}
	if err := report.WriteHead(os.Stdout, time.Now(), *turns); err != nil {
		return err
	}
	return bench.WriteFloods(os.Stdout, []bench.FloodResult{r})
}
