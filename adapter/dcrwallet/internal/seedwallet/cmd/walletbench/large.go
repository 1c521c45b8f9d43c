package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd/adapter/dcrwallet/internal/seedwallet"
)

// largeBlocks is how many blocks the chain of a large wallet has, as that of scalebench.
const largeBlocks = 2120

// largeRow is what was measured of a large wallet on its own package spv.
type largeRow struct {
	Sync  time.Duration // from an empty directory: addresses discovered, payments found
	File  int64         // size of the wallet in bytes
	Start time.Duration // until an existing wallet is open
	Calls []largeCall
}

// largeCall is a call of the wallet's API, in its own process: what its JSON-RPC adds is left out.
type largeCall struct {
	Name string
	Took time.Duration
}

// large measures wallets of several sizes, and prints two tables.
func (s settings) large(ctx context.Context) error {
	var rows []largeRow
	var sizes []string
	for text := range strings.SplitSeq(s.sizes, ",") {
		payments, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("payments: %w", err)
		}
		s.payments, s.height, s.peers = payments, largeBlocks, 1
		row, err := s.largeWallet(ctx)
		if err != nil {
			return fmt.Errorf("%d payments: %w", payments, err)
		}
		rows, sizes = append(rows, row), append(sizes, text)
	}
	fmt.Fprintln(os.Stdout, "| payments | first sync | file | open |\n|---|---|---|---|")
	for i, r := range rows {
		fmt.Fprintf(os.Stdout, "| %s | %.1f s | %.1f MiB | %.1f ms |\n", sizes[i], r.Sync.Seconds(), float64(r.File)/(1<<20), milliseconds(r.Start))
	}
	fmt.Fprintf(os.Stdout, "\n| call | %s payments |\n|---%s|\n", strings.Join(sizes, " payments | "), strings.Repeat("|---", len(sizes)))
	for i, c := range rows[0].Calls {
		fmt.Fprintf(os.Stdout, "| %s", c.Name)
		for _, r := range rows {
			fmt.Fprintf(os.Stdout, " | %.1f ms", milliseconds(r.Calls[i].Took))
		}
		fmt.Fprintln(os.Stdout, " |")
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// largeWallet has one wallet measured by a process of its own.
func (s settings) largeWallet(ctx context.Context) (row largeRow, err error) {
	network, err := s.serve(ctx)
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, network.close()) }()
	_, err = s.child(ctx, "large", network.addrs, &row)
	return row, err
}

// measureLarge syncs a wallet, closes it, opens it again, calls it, and prints what that has taken.
func (s settings) measureLarge(ctx context.Context) (err error) {
	var row largeRow
	w, err := seedwallet.Open(ctx, s.dir, seed())
	if err != nil {
		return err
	}
	s.role = "reference"
	row.Sync, err = s.syncWith(ctx, w)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(s.dir, "wallet.db"))
	if err != nil {
		return err
	}
	row.File = info.Size()
	began := time.Now()
	if w, err = seedwallet.Open(ctx, s.dir, seed()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	row.Start = time.Since(began)
	if row.Calls, err = largeCalls(ctx, w, s.payments); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(row)
}

// largeCalls times the calls that scalebench asks a daemon for. The payments that they show are
// counted.
func largeCalls(ctx context.Context, w *seedwallet.Wallet, payments int) (list []largeCall, err error) {
	addr, err := w.Address(ctx, 0, uint32(min(payments, mostAddresses)/2))
	if err != nil {
		return nil, err
	}
	one := map[string]struct{}{addr.String(): {}}
	ofAddress := max(1, payments/mostAddresses)
	for _, c := range []struct {
		name string
		want int
		call func() (int, error)
	}{
		{"AccountBalances", 2, func() (int, error) {
			all, err := w.AccountBalances(ctx, 1)
			return len(all), err
		}},
		{"TotalReceivedForAddr", ofAddress, func() (int, error) {
			sum, err := w.TotalReceivedForAddr(ctx, addr, 1)
			return int(sum / 1e8), err
		}},
		{"ListUnspent of an address", ofAddress, func() (int, error) {
			all, err := w.ListUnspent(ctx, 1, 1<<30, one, "")
			return len(all), err
		}},
		{"ListAddressTransactions", ofAddress, func() (int, error) {
			all, err := w.ListAddressTransactions(ctx, map[string]struct{}{hash160(addr): {}})
			return len(all), err
		}},
		{"ListTransactions 10", 10, func() (int, error) {
			all, err := w.ListTransactions(ctx, 0, 10)
			return len(all), err
		}},
		{"ListTransactions 10, from the end", 10, func() (int, error) {
			all, err := w.ListTransactions(ctx, payments-10, 10)
			return len(all), err
		}},
		{"ListUnspent, all", payments, func() (int, error) {
			all, err := w.ListUnspent(ctx, 1, 1<<30, nil, "")
			return len(all), err
		}},
		{"ListAllTransactions", payments, func() (int, error) {
			all, err := w.ListAllTransactions(ctx)
			return len(all), err
		}},
	} {
		began := time.Now()
		n, err := c.call()
		took := time.Since(began)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		if n != c.want {
			return nil, fmt.Errorf("%s shows %d, want %d", c.name, n, c.want)
		}
		list = append(list, largeCall{c.name, took})
	}
	return list, nil
}

// hash160 returns the key hash of an address, by which ListAddressTransactions knows it.
func hash160(addr stdaddr.Address) string {
	hash := addr.(stdaddr.Hash160er).Hash160()
	return string(hash[:])
}
