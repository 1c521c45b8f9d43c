package rpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// moments is what is true of each block that there ever was, by its hash: its height, and
// what the wallet has when that block is its tip.
type moments struct {
	heights  map[string]int64                    // of blocks
	balances map[int64]map[dcrutil.Amount]bool   // by height: of all blocks of that height
	mined    map[string]int64                    // the heights of payments, each of which is in one block
	amounts  map[consensus.Height]dcrutil.Amount // what the newest branch pays at each height
}

// look adds the blocks of a chain.
func (m *moments) look(c *testnet.Chain) {
	sum := dcrutil.Amount(0)
	for h := range c.Height() + 1 {
		sum += m.amounts[h]
		m.heights[c.ID(h).Hash.String()] = int64(h)
		if m.balances[int64(h)] == nil {
			m.balances[int64(h)] = make(map[dcrutil.Amount]bool)
		}
		m.balances[int64(h)][sum] = true
	}
}

// answers are what calls have returned, each once.
type answers struct {
	mu     sync.Mutex
	bodies map[string]map[string]bool // by method
}

// ask calls methods until the context ends.
func (a *answers) ask(ctx context.Context, t *testing.T, address, method, params string) {
	for ctx.Err() == nil {
		_, reply := post(t, address, fmt.Sprintf(`{"method":%q,"params":%s,"id":1}`, method, params))
		a.mu.Lock()
		if a.bodies[method] == nil {
			a.bodies[method] = make(map[string]bool)
		}
		a.bodies[method][reply] = true
		a.mu.Unlock()
	}
}

// TestOneAnswerIsOfOneMoment sends a chain through reorganisations, with slow blocks, under
// clients that call as fast as they can. Balance and height, confirmations and best block, and all
// lines of a list are of one block each.
func TestOneAnswerIsOfOneMoment(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 2))
	a := startActor(t, 20)
	m := &moments{heights: make(map[string]int64), balances: make(map[int64]map[dcrutil.Amount]bool),
		mined: make(map[string]int64), amounts: make(map[consensus.Height]dcrutil.Amount)}
	m.look(a.Node.Chain())
	grow := func(back, put int) {
		plan, fork := testnet.Plan{}, a.Node.Chain().Height()-consensus.Height(back)
		maps.DeleteFunc(m.amounts, func(h consensus.Height, _ dcrutil.Amount) bool { return h > fork })
		for h := fork + 1; h <= fork+consensus.Height(put); h++ {
			a.paid++
			amount := int64(1e6 + a.paid*a.paid)
			m.mined[plan.Pay(h, a.owner.Script(0, uint32(a.paid%15)), amount).Hash.String()] = int64(h)
			m.amounts[h] = dcrutil.Amount(amount)
		}
		a.Grow(t, back, put, plan)
		m.look(a.Node.Chain())
	}
	grow(0, 3)
	first := ""
	for hash, h := range m.mined {
		if h == 21 {
			first = hash
		}
	}
	delays := rand.New(rand.NewPCG(5, 3))
	a.Slow(func() time.Duration { return time.Duration(delays.IntN(8)) * time.Millisecond })
	got := &answers{bodies: make(map[string]map[string]bool)}
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for method, params := range map[string]string{"getinfo": "[]", "walletinfo": "[]", "listunspent": "[1]", "gettxout": fmt.Sprintf("[%q,0,0]", first)} {
		clients.Go(func() { got.ask(ctx, t, a.address, method, params) })
	}
	for range 8 {
		back := random.IntN(3)
		grow(min(back, int(a.Node.Chain().Height())-21), back+1+random.IntN(3))
	}
	stop()
	clients.Wait()
	for method, check := range map[string]func(*moments, string) string{
		"getinfo": (*moments).info, "walletinfo": (*moments).walletInfo, "listunspent": (*moments).unspent, "gettxout": (*moments).txOut,
	} {
		for body := range got.bodies[method] {
			if why := check(m, body); why != "" {
				t.Errorf("%s: %s: %s", method, why, body)
			}
		}
		if n := len(got.bodies[method]); n < 2 && method != "walletinfo" {
			t.Errorf("%s has given %d answers", method, n)
		}
	}
}

// result decodes the result of a reply.
func result[T any](body string) (r T, ok bool) {
	var reply struct{ Result *T }
	if json.Unmarshal([]byte(body), &reply) != nil || reply.Result == nil {
		return r, false
	}
	return *reply.Result, true
}

func (m *moments) info(body string) string {
	r, ok := result[api.Info](body)
	if !ok || !m.balances[r.Blocks][dcrutil.Amount(r.Balance)] {
		return fmt.Sprintf("at block %d there never was such a balance", r.Blocks)
	}
	return ""
}

func (m *moments) walletInfo(body string) string {
	r, ok := result[api.WalletInfo](body)
	if h, known := m.heights[r.BirthHash]; !ok || !known || h != r.BirthHeight {
		return fmt.Sprintf("birthhash is block %d", h)
	}
	return ""
}

// unspent wants all outputs to be confirmed by one tip, and to be what the wallet has then.
func (m *moments) unspent(body string) string {
	list, ok := result[[]api.Unspent](body)
	if !ok || len(list) == 0 {
		return "no list"
	}
	tip, sum := int64(0), dcrutil.Amount(0)
	for i, o := range list {
		at := m.mined[o.TxID] + o.Confirmations - 1
		if i > 0 && at != tip {
			return fmt.Sprintf("confirmations are counted from blocks %d and %d", tip, at)
		}
		tip = at
		sum += dcrutil.Amount(o.Amount)
	}
	if !m.balances[tip][sum] {
		return fmt.Sprintf("at block %d there never were %d atoms", tip, sum)
	}
	return ""
}

func (m *moments) txOut(body string) string {
	r, ok := result[api.TxOut](body)
	if h, known := m.heights[r.BestBlock]; !ok || !known || r.Confirmations != h-21+1 {
		return fmt.Sprintf("bestblock is block %d", h)
	}
	return ""
}
