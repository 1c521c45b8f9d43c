package scale

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/bench/report"
)

// Config says what to measure and how.
type Config struct {
	Program string // the daemon
	Dir     string // where everything goes, and is deleted from
}

// Row is what was measured of a wallet with a number of payments.
type Row struct {
	Payments, Addresses, Spent int

	Import  time.Duration // of all addresses at once
	Rescan  time.Duration // from the import to being synced again
	Written uint64        // meanwhile, in bytes
	File    int64         // size of the wallet, in bytes
	Quiet   uint64        // anonymous memory after a restart, in bytes
	Start   time.Duration // of the daemon, until it answers
	Calls   []Call
}

// Call is what was measured of a call.
type Call struct {
	Name string
	took
}

// Payments measures a wallet with so many payments.
func Payments(ctx context.Context, cfg Config, payments int) (row Row, err error) {
	plan, addresses, spent, err := planOf(payments)
	if err != nil {
		return row, err
	}
	row = Row{Payments: payments, Addresses: len(addresses), Spent: spent}
	dir, err := os.MkdirTemp(cfg.Dir, "scalebench-")
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	err = serve(ctx, plan, func(ctx context.Context, s *served) error {
		tip := int64(s.node.Chain().Height())
		d, err := start(ctx, cfg.Program, dir, s.addr)
		if err != nil {
			return err
		}
		if err := row.discover(d, tip, addresses); err != nil {
			return errors.Join(err, d.stop())
		}
		if err := d.stop(); err != nil {
			return err
		}
		if d, err = start(ctx, cfg.Program, dir, s.addr); err != nil {
			return err
		}
		row.Start = d.started
		err = d.synced(tip)
		if err == nil {
			row.Quiet = d.anonymous()
			row.Calls, err = calls(ctx, d, payments, addresses[len(addresses)/2])
		}
		return errors.Join(err, d.stop())
	})
	return row, err
}

// discover imports all addresses into a synced daemon and waits for their payments.
func (r *Row) discover(d *daemon, tip int64, addresses []string) error {
	if err := d.synced(tip); err != nil {
		return err
	}
	before, began := d.written(), time.Now()
	if err := d.call("", "importaddresses", nil, addresses, true, 0); err != nil {
		return err
	}
	r.Import = time.Since(began)
	for {
		var jobs []struct{ State string }
		if err := d.call("", "listjobs", &jobs); err != nil {
			return err
		}
		if len(jobs) > 0 && jobs[len(jobs)-1].State == "done" {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.Rescan, r.Written, r.File = time.Since(began), d.written()-before, d.file()
	return nil
}

// calls measures the calls that a wallet is asked by.
func calls(ctx context.Context, d *daemon, payments int, address string) ([]Call, error) {
	var list []Call
	add := func(name, method string, params ...any) error {
		t, err := d.measure(method, params...)
		list = append(list, Call{name, t})
		return err
	}
	var newest []struct{ TxID string }
	if err := d.call("", "listtransactions", &newest, "*", 1, max(0, payments/2)); err != nil {
		return nil, err
	}
	err := errors.Join(
		add("getbalance", "getbalance"),
		add("getbalance, 6 confirmations", "getbalance", "*", 6),
		add("getreceivedbyaddress", "getreceivedbyaddress", address),
		add("listunspent of an address", "listunspent", 1, 9999999, []string{address}),
		add("listaddresstransactions", "listaddresstransactions", []string{address}),
		add("listtransactions 10", "listtransactions", "*", 10),
		add("listtransactions 10, from the middle by cursor", "listtransactions", "*", 10, 0, true, newest[0].TxID),
		add("listtransactions 10, from the end", "listtransactions", "*", 10, payments-10),
		add("gettransaction", "gettransaction", newest[0].TxID),
		add("listunspent, all", "listunspent"),
		add("listtransactions, all", "listtransactions", "*", 10*payments),
	)
	if err != nil {
		return list, err
	}
	busy, err := whileListing(ctx, d, payments)
	return append(list, busy...), err
}

// whileListing measures many calls of syncstatus while others list all. The calls are made and
// timed by a process of their own: this one reads the lists. By how much a pause of that process
// is too long says what of the slowest call is the machine's.
func whileListing(ctx context.Context, d *daemon, payments int) ([]Call, error) {
	const clients = 4
	before := d.anonymous()
	p, err := startPoller(ctx, d)
	if err != nil {
		return nil, err
	}
	var listing sync.WaitGroup
	errs := make([]error, clients)
	for i := range errs {
		listing.Go(func() {
			method, params := "listunspent", []any{}
			if i%2 == 0 {
				method, params = "listtransactions", []any{"*", 10 * payments}
			}
			_, errs[i] = d.measure(method, params...)
		})
	}
	listing.Wait()
	polled, err := p.end()
	more := max(polled.Peak, before) - before
	return []Call{
		{fmt.Sprintf("syncstatus while %d clients list all, 999 of 1,000 calls", clients), took{wall: polled.Usual, more: more}},
		{"the same, the slowest call", took{wall: polled.Slowest, more: more}},
		{"an ordinary pause of that client meanwhile, longest over its time", took{wall: polled.Late, more: more}},
	}, errors.Join(append(errs, err)...)
}

// Table writes the rows.
func Table(rows []Row) string {
	var b strings.Builder
	report.Columns(&b, "payments", "addresses", "spent", "import", "rescan", "written", "file", "written / file", "start", "memory")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %d | %d | %d | %s | %s | %s | %s | %.2f | %s | %s |\n", r.Payments, r.Addresses, r.Spent, ms(r.Import), ms(r.Rescan),
			mib(r.Written), mib(uint64(r.File)), float64(r.Written)/float64(max(r.File, 1)), ms(r.Start), mib(r.Quiet))
	}
	b.WriteString("\n")
	names := []string{"call"}
	for _, r := range rows {
		names = append(names, fmt.Sprintf("%d payments", r.Payments))
	}
	report.Columns(&b, names...)
	if len(rows) == 0 {
		return b.String()
	}
	for i, c := range rows[0].Calls {
		fmt.Fprintf(&b, "| %s |", c.Name)
		for _, r := range rows {
			if i < len(r.Calls) {
				fmt.Fprintf(&b, " %s, %s more |", ms(r.Calls[i].wall), mib(r.Calls[i].more))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func mib(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
