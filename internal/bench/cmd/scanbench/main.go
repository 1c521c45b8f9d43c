package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/bench/process"
	"github.com/spvd/spvd/internal/bench/report"
	"github.com/spvd/spvd/internal/bench/scan"
	"github.com/spvd/spvd/internal/testnet"
)

func main() { os.Exit(process.Main("scanbench", os.Args[1:], scan.Roles(), measure)) }

// measure measures what the command line asks for.
func measure(ctx context.Context, args []string) error {
	var cfg scan.Config
	f := flag.NewFlagSet("scanbench", flag.ExitOnError)
	f.IntVar(&cfg.Blocks, "blocks", 100_000, "length of the chain")
	scripts := f.String("scripts", "400,1000", "numbers of watched scripts, with commas between; none: no rescans")
	only := f.String("network", ".", "measure only first syncs over a network whose name matches this expression; empty: none")
	f.IntVar(&cfg.Turns, "turns", 3, "how often each row is measured")
	f.BoolVar(&cfg.MatchAny, "matchany", true, "measure MatchAny of gcs/v4 as well")
	f.StringVar(&cfg.CacheDir, "cache", testnet.DefaultCacheDir(), "directory for generated chains")
	f.StringVar(&cfg.Dir, "dir", os.TempDir(), "directory for stores, on the disk to measure")
	f.StringVar(&cfg.Profiles, "profiles", "", "directory for first.pprof and rescan.pprof of the last turn, and of the heap near the peak")
	if err := f.Parse(args); err != nil {
		return err
	}
	for word := range strings.FieldsFuncSeq(*scripts, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 100 || n%20 != 0 {
			return fmt.Errorf("-scripts: %q is no multiple of 20 from 100 on", word)
		}
		cfg.Scripts = append(cfg.Scripts, n)
	}
	if cfg.Turns < 1 || cfg.Blocks < 1000 {
		return fmt.Errorf("-turns and -blocks: %d turns of %d blocks are too few", cfg.Turns, cfg.Blocks)
	}
	match, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-network: %w", err)
	}
	rows, err := scan.Run(ctx, cfg)
	if err != nil {
		return err
	}
	network := slices.DeleteFunc(scan.NetworkRows(cfg.Blocks), func(r scan.NetworkRow) bool { return *only == "" || !match.MatchString(r.String()) })
	if err := scan.RunNetwork(ctx, cfg, network); err != nil {
		return err
	}
	if err := report.WriteHead(os.Stdout, time.Now(), cfg.Turns); err != nil {
		return err
	}
	if len(rows) > 0 {
		fmt.Printf("\n%s", scan.Tables(rows))
	}
	if len(network) > 0 {
		fmt.Printf("\n%s", scan.NetworkTable(network))
	}
	return nil
}
