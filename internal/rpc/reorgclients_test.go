package rpc_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// reorgs is how many reorganisations TestClientsLoseNothing goes through.
var reorgs = flag.Int("reorgs", 5, "the number of reorganisations that polling and subscribing clients go through")

// poller is a client that only calls listsinceblock, at each notification of a block and with
// the last block it was given, and believes what it reads.
type poller struct {
	t       *testing.T
	address string

	mu     sync.Mutex
	last   string
	copied map[string]string // the blocks of transactions, "" of those that are not mined
	polls  int
}

// poll calls listsinceblock once.
func (p *poller) poll(target int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, reply := post(p.t, p.address, fmt.Sprintf(`{"method":"listsinceblock","params":[%q,%d],"id":1}`, p.last, target))
	var r struct {
		Result *api.SinceBlock
		Error  *api.Error
	}
	if err := json.Unmarshal([]byte(reply), &r); err != nil || r.Result == nil {
		p.t.Errorf("listsinceblock after %s: %s", p.last, reply)
		return
	}
	for _, line := range r.Result.Removed {
		delete(p.copied, line.TxID)
	}
	maps.DeleteFunc(p.copied, func(_, block string) bool { return block == "" }) // all that are not mined are listed
	for _, line := range r.Result.Transactions {
		p.copied[line.TxID] = line.BlockHash
	}
	p.last = r.Result.LastBlock
	p.polls++
}

// run polls at each block until the context ends.
func (p *poller) run(ctx context.Context, target int) {
	news := make(notifier, 1000)
	c, err := wsrpc.Dial(ctx, "ws://"+p.address+"/ws", wsrpc.WithBasicAuth(rpctest.User, rpctest.Password), wsrpc.WithNotifier(news))
	if err != nil {
		p.t.Error(err)
		return
	}
	defer c.Close()
	if err := c.Call(ctx, "subscribe", nil, api.TopicBlocks); err != nil {
		p.t.Error(err)
		return
	}
	for {
		select {
		case <-news:
			p.poll(target)
		case <-ctx.Done():
			return
		}
	}
}

// mined returns the copy without what is not mined.
func mined(copied map[string]string) map[string]string {
	copied = maps.Clone(copied)
	maps.DeleteFunc(copied, func(_, block string) bool { return block == "" })
	return copied
}

// TestClientsLoseNothing sends a chain through random reorganisations, with slow filters and
// blocks, under clients that poll at each block, and clients that subscribe and come back with
// their cursors. Each knows in the end which payment is in which block, as it follows from
// the chain of the node alone.
func TestClientsLoseNothing(t *testing.T) {
	const seed = 7
	random := rand.New(rand.NewPCG(seed, 2))
	a := startActor(t, 20)
	delays := rand.New(rand.NewPCG(seed, 3))
	a.Slow(func() time.Duration { return time.Duration(delays.IntN(15)) * time.Millisecond })
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	pollers := map[int]*poller{1: nil, 3: nil}
	for target := range pollers {
		p := &poller{t: t, address: a.address, copied: make(map[string]string)}
		pollers[target] = p
		running.Go(func() { p.run(ctx, target) })
	}
	l := listen(t, a.address, api.TopicTransactions, "")
	paid := make(map[string]bool)
	for n := range *reorgs {
		back := 1 + random.IntN(9)
		plan := testnet.Plan{}
		fork := a.Node.Chain().Height() - consensus.Height(back)
		put := back + 1 + random.IntN(3)
		for h := fork + 1; h <= fork+consensus.Height(put); h++ {
			for range random.IntN(3) {
				a.paid++
				op := plan.Pay(h, a.owner.Script(0, uint32(a.paid%15)), int64(1e6+a.paid))
				paid[op.Hash.String()] = true
			}
		}
		a.Grow(t, back, put, plan)
		want := make(map[string]string)
		for h := range a.Node.Chain().Height() + 1 {
			for _, tx := range a.Node.Chain().Block(h).Transactions {
				if hash := tx.TxHash().String(); paid[hash] {
					want[hash] = a.Node.Chain().ID(h).Hash.String()
				}
			}
		}
		for target, p := range pollers {
			p.poll(target)
			if got := mined(p.copied); !maps.Equal(got, want) {
				t.Fatalf("after reorganisation %d the client that polls with target %d has %d payments in blocks, want %d:\n%v\n%v", n, target, len(got), len(want), got, want)
			}
		}
		l.until("the payments of the chain", func() bool {
			if l.gap {
				t.Fatal("a reorganisation left a gap")
			}
			return maps.Equal(mined(l.copied), want)
		})
		if random.IntN(3) == 0 {
			l.client.Close()
			again := listen(t, a.address, api.TopicTransactions, l.cursor)
			again.copied = mined(l.copied) // the others are sent once more
			l = again
		}
	}
	for target, p := range pollers {
		if p.polls < *reorgs {
			t.Errorf("the client that polls with target %d has polled %d times", target, p.polls)
		}
	}
}

// TestStaleBlocksAreAnswered compares what is said of blocks that have left the chain with what
// was said before.
func TestStaleBlocksAreAnswered(t *testing.T) {
	a := startActor(t, 20)
	tip := a.Node.Chain().Tip()
	type verbose struct {
		Confirmations int64
		NextBlockHash string `json:"nextblockhash"`
		ChainWork     string
		MedianTime    int64
		Hash          string
		Height        int64
	}
	get := func(method, params string, result any) {
		t.Helper()
		_, reply := post(t, a.address, fmt.Sprintf(`{"method":%q,"params":%s,"id":1}`, method, params))
		r := struct {
			Result any
			Error  *api.Error
		}{Result: result}
		if err := json.Unmarshal([]byte(reply), &r); err != nil || r.Error != nil {
			t.Errorf("%s %s: %s", method, params, reply)
		}
	}
	var before, after, block verbose
	var tips []struct {
		Height, BranchLen int64
		Hash, Status      string
	}
	get("getblockheader", fmt.Sprintf("[%q]", tip.Hash), &before)
	a.Grow(t, 2, 4, nil)
	get("getblockheader", fmt.Sprintf("[%q]", tip.Hash), &after)
	get("getblock", fmt.Sprintf("[%q]", tip.Hash), &block)
	get("getchaintips", "[]", &tips)
	if after.Confirmations != -1 || before.Confirmations != 1 {
		t.Errorf("%d confirmations became %d", before.Confirmations, after.Confirmations)
	}
	if block.Confirmations != -1 || block.Hash != tip.Hash.String() {
		t.Errorf("the block is %+v", block)
	}
	if after.Confirmations = 1; after != before {
		t.Errorf("%+v became %+v", before, after)
	}
	if len(tips) != 2 || tips[0].Status != "active" || tips[0].Hash != a.Node.Chain().Tip().Hash.String() || tips[0].BranchLen != 0 ||
		tips[1].Status != "headers-only" || tips[1].Hash != tip.Hash.String() || tips[1].BranchLen != 2 || tips[1].Height != int64(tip.Height) {
		t.Errorf("tips %+v", tips)
	}
}
