package scale

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"

	"github.com/spvd/spvd/internal/bench/report"
	"github.com/spvd/spvd/internal/testnet"
)

// Many is what was measured of a daemon with a number of wallets.
type Many struct {
	Wallets int
	Start   time.Duration // of the daemon, until it answers
	Synced  time.Duration // from its start until it is synced
	Block   time.Duration // from a block at its peer until it is synced again, the mean
	Written uint64        // for such a block, in bytes, the mean
	Memory  uint64        // anonymous, in bytes
}

// moreBlocks is how many blocks are measured.
const moreBlocks = 64

// Wallets measures a daemon with so many wallets, none of which any block pays.
func Wallets(ctx context.Context, cfg Config, wallets int) (m Many, err error) {
	m.Wallets = wallets
	dir, err := os.MkdirTemp(cfg.Dir, "scalebench-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	err = serve(ctx, testnet.Plan{}, func(ctx context.Context, s *served) error {
		tip := int64(s.node.Chain().Height())
		d, err := start(ctx, cfg.Program, dir, s.addr)
		if err != nil {
			return err
		}
		err = d.synced(tip)
		for i := 0; i < wallets && err == nil; i++ {
			name := fmt.Sprintf("w%d", i)
			var address string
			if address, _, err = addressAt(i, chaincfg.SimNetParams()); err == nil {
				err = errors.Join(d.call("", "createwallet", nil, name), d.call(name, "importaddress", nil, address))
			}
		}
		if err = errors.Join(err, d.synced(tip), d.stop()); err != nil {
			return err
		}
		began := time.Now()
		if d, err = start(ctx, cfg.Program, dir, s.addr); err != nil {
			return err
		}
		m.Start = d.started
		if err := d.synced(tip); err != nil {
			return errors.Join(err, d.stop())
		}
		m.Synced = time.Since(began)
		err = m.blocks(d, s)
		m.Memory = d.anonymous()
		return errors.Join(err, d.stop())
	})
	return m, err
}

// blocks measures blocks one after the other.
func (m *Many) blocks(d *daemon, s *served) error {
	before := d.written()
	for range moreBlocks {
		c := s.node.Chain().Extend(1)
		began := time.Now()
		s.node.SetChain(c)
		if err := d.synced(int64(c.Height())); err != nil {
			return err
		}
		m.Block += time.Since(began)
	}
	m.Block /= moreBlocks
	m.Written = (d.written() - before) / moreBlocks
	return nil
}

// ManyTable writes the rows.
func ManyTable(rows []Many) string {
	var b strings.Builder
	report.Columns(&b, "wallets", "start", "synced", "a block", "written for it", "memory")
	for _, m := range rows {
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %.1f KiB | %s |\n", m.Wallets, ms(m.Start), ms(m.Synced), ms(m.Block),
			float64(m.Written)/1024, mib(m.Memory))
	}
	return b.String()
}
