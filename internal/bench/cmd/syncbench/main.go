package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/bench"
	"github.com/spvd/spvd/internal/bench/process"
	"github.com/spvd/spvd/internal/bench/report"
	"github.com/spvd/spvd/internal/testnet"
)

func main() { os.Exit(process.Main("syncbench", os.Args[1:], bench.Roles(), measure)) }

// measure measures what the command line asks for.
func measure(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("syncbench", flag.ExitOnError)
	lengths := f.String("blocks", "100000", "lengths of chains, with commas between")
	turns := f.Int("turns", 3, "how often each row is measured")
	only := f.String("run", "", "measure only rows whose name matches this expression, such as '^1000000 \\| 8 '")
	cache := f.String("cache", testnet.DefaultCacheDir(), "directory for generated chains")
	dir := f.String("dir", os.TempDir(), "directory for stores, on the disk to measure")
	profiles := f.String("profiles", "", "directory for cpu.pprof and heap.pprof of the last first sync")
	if err := f.Parse(args); err != nil {
		return err
	}
	blocks, err := numbers(*lengths)
	if err != nil {
		return fmt.Errorf("-blocks: %w", err)
	}
	match, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	if *turns < 1 {
		return fmt.Errorf("-turns: %d is too few", *turns)
	}
	var results []bench.Result
	for _, row := range bench.Rows(blocks...) {
		if !match.MatchString(row.String()) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%v\n", row)
		r, err := bench.Run(ctx, bench.Config{Turns: *turns, CacheDir: *cache, Dir: *dir, Profiles: *profiles}, row)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	if err := report.WriteHead(os.Stdout, time.Now(), *turns); err != nil {
		return err
	}
	return bench.WriteTables(os.Stdout, results)
}

// numbers parses numbers with commas between.
func numbers(text string) ([]int, error) {
	var all []int
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}
