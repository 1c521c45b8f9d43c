package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/bench/process"
	"github.com/spvd/spvd/internal/bench/report"
	"github.com/spvd/spvd/internal/bench/scale"
)

func main() { os.Exit(process.Main("scalebench", os.Args[1:], scale.Roles(), measure)) }

// measure measures what the command line asks for.
func measure(ctx context.Context, args []string) error {
	var cfg scale.Config
	f := flag.NewFlagSet("scalebench", flag.ExitOnError)
	f.StringVar(&cfg.Program, "spvd", "spvd", "the daemon to measure")
	f.StringVar(&cfg.Dir, "dir", os.TempDir(), "directory for data, on the disk to measure")
	payments := f.String("payments", "1000,10000,100000", "numbers of payments, with commas between")
	wallets := f.String("wallets", "1,10,100,1000", "numbers of wallets, with commas between")
	day := f.Int("day", 0, "number of blocks to follow, and nothing else")
	if err := f.Parse(args); err != nil {
		return err
	}
	if err := report.WriteHead(os.Stdout, time.Now(), 1); err != nil {
		return err
	}
	if *day > 0 {
		d, err := scale.RunDay(ctx, cfg, *day)
		fmt.Printf("\n%s", scale.DayTable(d))
		return err
	}
	var rows []scale.Row
	err := each(*payments, func(n int) error {
		r, err := scale.Payments(ctx, cfg, n)
		rows = append(rows, r)
		return err
	})
	fmt.Printf("\n%s", scale.Table(rows))
	if err != nil {
		return err
	}
	var many []scale.Many
	err = each(*wallets, func(n int) error {
		m, err := scale.Wallets(ctx, cfg, n)
		many = append(many, m)
		return err
	})
	fmt.Printf("\n%s", scale.ManyTable(many))
	return err
}

// each calls do for the numbers of a list.
func each(list string, do func(n int) error) error {
	for word := range strings.SplitSeq(list, ",") {
		if word == "" {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is no number from 1 on", word)
		}
		if err := do(n); err != nil {
			return fmt.Errorf("%d: %w", n, err)
		}
	}
	return nil
}
