package sim_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/spv/consensus"
)

// Which networks are simulated: go test ./internal/testnet/sim -args
// -networks 2000 -seed 1000 runs seeds 1000 to 2999.
var (
	networks = flag.Int("networks", 120, "number of random networks")
	seed     = flag.Uint64("seed", 1, "seed of the first one")
)

// TestRandomNetworks simulates networks that follow from their seeds. Whatever
// happens on one, it ends with the client synced to the best chain of the
// honest nodes and everybody judged as they deserve.
func TestRandomNetworks(t *testing.T) {
	for s := range uint64(*networks) {
		simulate(t, *seed+s)
	}
}

// TestKeptSeeds simulates the networks that once failed.
func TestKeptSeeds(t *testing.T) {
	for _, kept := range keptSeeds() {
		simulate(t, kept.seed)
	}
}

// simulate runs the network of a seed.
func simulate(t *testing.T, seed uint64) {
	t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
		t.Parallel()
		p := &plot{chance: rand.New(rand.NewPCG(seed, 0)), seed: seed}
		inWorld(t, p.chain(), func(w *world) {
			p.world = w
			p.addNodes()
			p.begin()
			for range p.chance.IntN(10) {
				p.act()
			}
			p.end()
		})
	})
}

// plot is what happens on a random network.
type plot struct {
	*world
	chance *rand.Rand
	seed   uint64
	faults []testnet.Fault // of the liars
}

// chain returns the chain that the network begins with. Payments to the wallet
// are on the trunk and above.
func (p *plot) chain() *testnet.Chain {
	at := consensus.Height(100 + p.chance.IntN(1500))
	n := 10 + p.chance.IntN(60)
	plan := testnet.Plan{}
	for range p.chance.IntN(4) {
		plan.Pay(at+1+consensus.Height(p.chance.IntN(n)), mine(p.chance.IntN(3)), 1e8)
	}
	return trunk().Grow(testnet.Branch{At: at, Blocks: n, Seed: p.seed, Plan: plan})
}

// addNodes adds nodes to the network: a few honest ones, and any number of others, but for those with
// some faults.
func (p *plot) addNodes(without ...string) {
	all := slices.DeleteFunc(testnet.Faults(), func(f testnet.Fault) bool { return slices.Contains(without, f.Name) })
	honest, liars := 1+p.chance.IntN(3), p.chance.IntN(4)
	for honest+liars > 0 {
		if p.chance.IntN(honest+liars) < honest {
			honest--
			p.honestNodes(1, p.line())
			continue
		}
		liars--
		f := all[p.chance.IntN(len(all))]
		p.faults = append(p.faults, f)
		p.liar(f, p.chance.Uint64(), p.line())
		p.Logf("%s has the fault %q", p.liars[len(p.liars)-1].Addr, f.Name)
	}
}

// begin starts the client. Nodes that keep to a branch of their own may be alone first.
func (p *plot) begin() {
	rival := slices.ContainsFunc(p.faults, func(f testnet.Fault) bool { return f.Name == "a branch of its own" })
	if !rival || p.chance.IntN(3) == 0 {
		p.startClient()
		return
	}
	for _, h := range p.honest {
		h.Stop()
	}
	p.startClient()
	p.pass(2 * time.Minute)
	p.disturbed()
	for _, h := range p.honest {
		h.Start()
	}
}

// line returns a line of some kind.
func (p *plot) line() link.Shape {
	s := link.Shape{Latency: time.Duration(p.chance.IntN(150)) * time.Millisecond}
	if p.chance.IntN(2) == 0 {
		s.Jitter = time.Duration(1 + p.chance.IntN(int(50*time.Millisecond)))
	}
	if p.chance.IntN(3) == 0 {
		s.Bandwidth = 50_000 + p.chance.IntN(2_000_000)
	}
	if p.chance.IntN(4) == 0 {
		s.CutAfter = 1_000_000 + p.chance.IntN(10_000_000)
	}
	return s
}

// act lets something happen.
func (p *plot) act() {
	acts := []struct {
		name string
		do   func()
	}{
		{"time passes", func() { p.pass(5 * time.Minute) }},
		{"blocks come", func() {
			for range 1 + p.chance.IntN(4) {
				p.extend(1)
				p.pass(5 * time.Second)
			}
		}},
		{"many blocks come", func() { p.extend(20 + p.chance.IntN(30)) }},
		{"the chain is reorganised", func() { p.reorganise(1+p.chance.IntN(8), p.chance.Uint64()) }},
		{"the client restarts", func() {
			p.stopClient()
			p.pass(time.Minute)
			p.startClient()
		}},
		{"a line is dead for a while", func() {
			h := p.anybody()
			h.Partition()
			p.pass(4 * time.Minute)
			p.disturbed()
			h.Heal()
		}},
		{"a node restarts", func() {
			h := p.anybody()
			h.Stop()
			p.pass(2 * time.Minute)
			p.disturbed()
			h.Start()
		}},
		{"no node is there for a while", func() {
			for _, h := range p.net.Hosts() {
				h.Stop()
			}
			p.pass(10 * time.Minute)
			p.disturbed()
			for _, h := range p.net.Hosts() {
				h.Start()
			}
		}},
		{"the client syncs", func() { p.mustSync(time.Hour) }},
	}
	a := acts[p.chance.IntN(len(acts))]
	p.Logf("%v: %s", time.Now().Format(time.TimeOnly), a.name)
	a.do()
}

// pass lets some time pass.
func (p *plot) pass(most time.Duration) {
	_ = wait.For(p.Context(), time.Duration(p.chance.Int64N(int64(most))))
}

// anybody returns some node.
func (p *plot) anybody() *testnet.Host {
	all := p.net.Hosts()
	return all[p.chance.IntN(len(all))]
}

// end checks how it ends.
func (p *plot) end() {
	p.Logf("%v: the end", time.Now().Format(time.TimeOnly))
	p.mustSync(time.Hour)
	p.mustSettle()
	p.mustBeWelcome()
	p.mustNotHaveBanned(p.honest...)
	for i, h := range p.liars {
		if p.faults[i].Verdict == testnet.Innocent {
			p.mustNotHaveBanned(h)
		}
		if evidence, banned := p.banned(h); banned && evidence == "" {
			p.Errorf("%s is banned without evidence", h.Addr)
		}
	}
}
