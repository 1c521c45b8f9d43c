package votecheck_test

import (
	"bytes"
	"context"
	"flag"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/internal/votes"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// full makes the blocks of TestCostOfAPayment full ones: go test ./internal/votecheck -run Cost
// -v -args -full.
var full = flag.Bool("full", false, "measure the cost of a payment with full blocks")

// fullBlock is the most that a block of the main network has, in bytes.
const fullBlock = 393_216

// costly is a chain with a payment that has six confirmations with votes. Each ticket was
// bought in a block of its own, as on the main network, and all these blocks are full.
type costly struct {
	chain *testnet.Chain
	tx    chainhash.Hash
	at    consensus.Height
}

func newCostly(t testing.TB, size int) *costly {
	t.Helper()
	s := testnet.NewStakeholders(consensus.SimNet(), 9)
	s.Spread = 6
	c, err := s.Trunk(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	top := c.Height()
	plan := testnet.Plan{}
	out := &costly{at: top + 45}
	for h := top + 1; h <= out.at+6; h++ {
		if h <= out.at-12 || h > out.at { // those that are fetched
			fill(plan, h, size)
		}
	}
	out.tx = pay(plan, out.at, 9)
	out.chain = s.Grow(c, testnet.VotedBranch{At: top, Blocks: int(out.at-top) + 6, Seed: 3, Plan: plan})
	return out
}

// fill plans payments of the usual form until a block has nearly a size.
func fill(plan testnet.Plan, h consensus.Height, most int) {
	for size := 0; size < most-28_000; {
		tx := wire.NewMsgTx()
		from := wire.OutPoint{Hash: chainhash.HashH([]byte{byte(h), byte(h >> 8), byte(size), byte(size >> 8), byte(size >> 16)})}
		tx.AddTxIn(wire.NewTxIn(&from, 1e8, make([]byte, 107)))
		for i := range 4 {
			script := append([]byte{0x76, 0xa9, 0x14}, chainhash.HashB(append(from.Hash[:], byte(i)))[:20]...)
			tx.AddTxOut(wire.NewTxOut(1e7, append(script, 0x88, 0xac)))
		}
		plan[h] = append(plan[h], testnet.Tx{Msg: tx})
		size += tx.SerializeSize()
	}
}

// successors returns the heights of the blocks with the votes, and of those of their tickets.
func (c *costly) successors() (heads, tickets []consensus.Height) {
	seen := make(map[consensus.Height]bool)
	for h := c.at + 1; h <= c.at+6; h++ {
		heads = append(heads, h)
		for _, tx := range c.chain.Block(h).STransactions {
			if v, ok := votes.Parse(tx); ok && !seen[consensus.Height(v.TicketHeight)] {
				seen[consensus.Height(v.TicketHeight)] = true
				tickets = append(tickets, consensus.Height(v.TicketHeight))
			}
		}
	}
	return heads, tickets
}

// TestCostOfAPayment fetches all that a payment with six confirmations takes, with full
// blocks, over lines of 50 ms and 1 MB/s, in virtual time. docs/security.md has the figures.
func TestCostOfAPayment(t *testing.T) {
	size := 64_000
	if *full {
		size = fullBlock
	}
	c := newCostly(t, size)
	heads, tickets := c.successors()
	var sum int64
	for _, h := range append(heads, tickets...) {
		sum += int64(c.chain.Block(h).SerializeSize())
	}
	if len(heads) != 6 || len(tickets) != 30 || sum > 36*int64(size) || sum < 36*int64(size-30_000) {
		t.Fatalf("%d blocks with votes, %d with tickets, %d bytes", len(heads), len(tickets), sum)
	}
	inWorldOver(t, c.chain, link.Shape{Latency: 25 * time.Millisecond, Bandwidth: 1 << 20}, func(w *world) {
		w.must(w.syncer.Wait(w.Context(), spv.Synced))
		before, began := w.served(), time.Now()
		job, err := w.checker.Request(w.Context(), "default", c.tx)
		w.must(err)
		w.must(w.checker.Wait(w.Context(), job.ID))
		took := time.Since(began)
		v, _ := w.votes(c.tx)
		if v.Verified != 5 || v.Confirmations != 6 {
			t.Fatal(describe(v))
		}
		if n := w.served() - before; n > 40 { // a hedged request may be answered twice
			t.Errorf("%d blocks were fetched", n)
		}
		t.Logf("36 blocks, %.1f MB, %.1f s from two peers at 50 ms and 1 MiB/s each", float64(sum)/1e6, took.Seconds())
	}, func(cfg *votecheck.Config) { cfg.Least = 0 })
}

// BenchmarkPayment is the processor time of a payment with six confirmations: 36 full blocks
// are decoded and proven, and 30 votes verified.
func BenchmarkPayment(b *testing.B) {
	c := newCostly(b, fullBlock)
	heads, tickets := c.successors()
	p := c.chain.Params()
	raw, sum := make(map[consensus.Height][]byte), int64(0)
	for _, h := range append(heads, tickets...) {
		data, err := c.chain.Block(h).Bytes()
		if err != nil {
			b.Fatal(err)
		}
		raw[h] = data
		sum += int64(len(data))
	}
	b.SetBytes(sum)
	load := func(h consensus.Height) *wire.MsgBlock {
		var block wire.MsgBlock
		if err := block.Deserialize(bytes.NewReader(raw[h])); err != nil {
			b.Fatal(err)
		}
		if err := consensus.CheckBlock(p, c.chain.At(h), &block); err != nil {
			b.Fatal(err)
		}
		return &block
	}
	for b.Loop() {
		v := votes.New(p, source(func(h consensus.Height) *votes.TicketBlock { return votes.NewTicketBlock(load(h)) }))
		for _, h := range heads {
			r, err := v.VerifyVotes(b.Context(), c.chain.ID(h-1), load(h))
			if err != nil || r.Verdict(p) != votes.Voted {
				b.Fatal(r, err)
			}
		}
	}
}

// source implements votes.Source.
type source func(h consensus.Height) *votes.TicketBlock

// Tickets implements votes.Source.
func (s source) Tickets(_ context.Context, h consensus.Height) (*votes.TicketBlock, error) {
	return s(h), nil
}
