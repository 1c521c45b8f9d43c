package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/proxy"
)

// sync starts spvd and watches its first sync, slowed down, through spvctl.
func (p *performance) sync(ctx context.Context) error {
	p.show.say("sync", "spvd, from nothing, on a link slowed to one message per %v:", slowness)
	p.show.begin("sync", "spvd starts")
	d, err := p.startDaemon(ctx, "watched", p.wire.Addr())
	if err != nil {
		return err
	}
	p.daemon = d
	p.show.clear()
	if err := d.Watch(ctx, p.show.out); err != nil {
		return fmt.Errorf("%w\n%s", err, d.Output())
	}
	st, err := d.Status(ctx)
	if err != nil {
		return err
	}
	if !st.Synced || st.Tip.Height != chainBlocks {
		return fmt.Errorf("spvd says it is %s at height %d, where synced at %d was to be", st.Phase, st.Tip.Height, chainBlocks)
	}
	p.show.done("sync", "synced at height %d", st.Tip.Height)
	return nil
}

// startDaemon starts spvd with an empty data directory.
func (p *performance) startDaemon(ctx context.Context, name, peer string) (*daemon.Daemon, error) {
	d, err := daemon.Start(ctx, daemon.Config{
		Programs: p.programs,
		Dir:      filepath.Join(p.dir, name),
		Peers:    []string{peer},
		Args:     []string{"--account=" + accountName + "=" + p.account.keys.Xpub()},
	})
	if err != nil {
		return nil, err
	}
	p.atEnd(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, stopTime)
		defer cancel()
		code, err := d.Stop(ctx)
		if err == nil && code != 0 {
			err = fmt.Errorf("stop spvd: exit code %d\n%s", code, d.Output())
		}
		return err
	})
	return d, nil
}

// follow mines more blocks and shows when spvd has each of them.
func (p *performance) follow(ctx context.Context) error {
	p.wire.SetPace(0)
	for i := range moreBlocks {
		if err := p.trade(ctx, i); err != nil {
			return err
		}
		more, err := p.miner.Mine(ctx, 1)
		if err != nil {
			return err
		}
		p.count.Add(more)
		tip, err := p.node.Best(ctx)
		if err != nil {
			return err
		}
		if _, err := p.daemon.Follow(ctx, tip.Hash.String()); err != nil {
			return fmt.Errorf("%w\n%s", err, p.daemon.Output())
		}
		took, err := p.sinceAnnounced(tip)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("block %d, %d votes, %d payments: synced after its announcement", tip.Height, more.Votes, more.Payments)
		p.show.line("follow", text, duration(took))
		has, err := p.accountLine(ctx)
		if err != nil {
			return err
		}
		p.show.say("", "%s", has)
	}
	return nil
}

// trade lets the account be paid in one block, and pay in another.
func (p *performance) trade(ctx context.Context, block int) error {
	switch block {
	case 1:
		return p.income(ctx, 3*coin/2)
	case 3:
		return p.expense(ctx, coin/4)
	}
	return nil
}

// sinceAnnounced returns the time since a block's header passed on the wire.
func (p *performance) sinceAnnounced(tip node.Tip) (time.Duration, error) {
	now := time.Now()
	for _, f := range p.wire.State().Frames {
		if f.Direction == proxy.ToClient && announces(&f, tip.Hash) {
			return now.Sub(f.At), nil
		}
	}
	return 0, fmt.Errorf("block %d is followed but was never announced", tip.Height)
}

// announces reports whether a message brings the header of a block.
func announces(f *proxy.Frame, block chainhash.Hash) bool {
	var m wire.MsgHeaders
	if f.Command != wire.CmdHeaders || f.Decode(&m) != nil {
		return false
	}
	for _, h := range m.Headers {
		if h.BlockHash() == block {
			return true
		}
	}
	return false
}

// compare wants spvd's headers and filters to be those of the node.
func (p *performance) compare(ctx context.Context) error {
	p.show.begin("compare", "headers and filters")
	tip, err := p.node.Best(ctx)
	if err != nil {
		return err
	}
	for height := range tip.Height + 1 {
		if err := p.compareBlock(ctx, height); err != nil {
			return err
		}
	}
	p.show.done("compare", "%d headers and filters are those of dcrd", tip.Height+1)
	return nil
}

// compareBlock compares what spvd and the node know of one block.
func (p *performance) compareBlock(ctx context.Context, height int64) error {
	want, err := p.node.Hash(ctx, height)
	if err != nil {
		return err
	}
	var hash string
	if err := p.daemon.Call(ctx, "getblockhash", &hash, height); err != nil {
		return err
	}
	if hash != want.String() {
		return fmt.Errorf("spvd's block %d is %s, dcrd's is %v", height, hash, want)
	}
	filter, err := p.daemon.Filter(ctx, hash)
	if err != nil {
		return err
	}
	wantFilter, err := p.node.Filter(ctx, want)
	if err != nil {
		return err
	}
	if !bytes.Equal(filter, wantFilter) {
		return fmt.Errorf("spvd's filter %d is %s, dcrd's is %s", height, hex.EncodeToString(filter), hex.EncodeToString(wantFilter))
	}
	return nil
}

// syncAgain times a first sync that nothing slows down.
func (p *performance) syncAgain(ctx context.Context) error {
	p.show.begin("again", "another spvd, from nothing, at full speed")
	tip, err := p.node.Best(ctx)
	if err != nil {
		return err
	}
	d, err := p.startDaemon(ctx, "unslowed", p.node.Addr())
	if err != nil {
		return err
	}
	if _, err := d.Follow(ctx, tip.Hash.String()); err != nil {
		return fmt.Errorf("%w\n%s", err, d.Output())
	}
	p.show.done("again", "another spvd, from nothing, at full speed, start included")
	return nil
}

// finish ends everything and sums up.
func (p *performance) finish(ctx context.Context) error {
	st, err := p.daemon.Status(ctx)
	if err != nil {
		return err
	}
	if !st.Synced {
		return fmt.Errorf("spvd is no longer synced: %s", st.Reason)
	}
	p.show.begin("stop", "everything")
	if err := p.tidyUp(); err != nil {
		return err
	}
	p.show.done("stop", "everything, and the temporary directory is removed")
	p.show.say("result", "height=%d synced=%v", st.Tip.Height, st.Synced)
	p.show.say("", "%d voted blocks, %s votes, %s tickets, %s payments",
		p.count.Voted, grouped(p.count.Votes), grouped(p.count.Tickets), grouped(p.count.Payments))
	p.show.say("", "took %s", duration(time.Since(p.show.begun)))
	return nil
}
