//go:build unix

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

var (
	kills      = flag.Int("kills", 4, "how often each crash test kills a daemon")
	killSeed   = flag.Uint64("killseed", 1, "what the moments of the kills follow from")
	killBlocks = flag.Int("killblocks", 8000, "length of the chain that daemons are killed while they sync or scan it")
)

const (
	// crashBandwidth is that of the line in a first sync, in bytes per second, and
	// timePerBlock about how long a daemon needs for a block over it.
	crashBandwidth = 8 << 20
	timePerBlock   = 60 * time.Microsecond

	// followTime is how long a daemon follows reorganisations at most.
	followTime = 300 * time.Millisecond

	// maxReorg is the greatest number of blocks that are reverted at a time.
	maxReorg = 50

	// askEvery is how often a daemon that is about to be killed is asked what it
	// has got.
	askEvery = 5 * time.Millisecond
)

// victim is a data directory whose daemons are killed, and what they have
// acknowledged.
type victim struct {
	ns    *nodes
	dir   string
	flags []string // of the daemons, besides those that each has
	r     *rand.Rand
	work  map[chainhash.Hash]uint256.Uint256 // up to each block that was ever served

	highest consensus.Height // that the floor of the filters may be

	// The most that was acknowledged.
	tip     chainhash.Hash   // by its work
	filters consensus.Height // how many
	scanned consensus.Height

	kept     consensus.Height // where a scan has to go on
	leftover bool             // the store that was proven last has filters that are to be deleted
}

func newVictim(t *testing.T, ns *nodes, seed uint64) *victim {
	t.Helper()
	v := &victim{ns: ns, dir: t.TempDir(), r: rand.New(rand.NewPCG(*killSeed, seed))}
	genesis := ns.chain.At(0)
	v.tip = genesis.Hash()
	v.work = map[chainhash.Hash]uint256.Uint256{v.tip: consensus.Work(genesis.Bits())}
	v.learn(ns.chain, 0)
	return v
}

// learn adds up the work of the blocks of a chain above one that is known.
func (v *victim) learn(c *testnet.Chain, above consensus.Height) {
	sum := v.work[c.ID(above).Hash]
	for h := above + 1; h <= c.Height(); h++ {
		work := consensus.Work(c.At(h).Bits())
		sum.Add(&work)
		v.work[c.ID(h).Hash] = sum
	}
}

// start starts a daemon on the data.
func (v *victim) start(t *testing.T) *process {
	t.Helper()
	args := append([]string{"--appdata", v.dir, "--notls", "--username=u", "--password=p"}, v.ns.flags...)
	return startProcess(t, append(args, v.flags...)...)
}

// opened is what a daemon logs when it has opened its store.
const opened = "Chain store opened"

// killOne starts a daemon and kills it within a window, which begins, by chance, with its start or
// when it has logged what it does then.
func (v *victim) killOne(t *testing.T, w *window, logged string) {
	t.Helper()
	p := v.start(t)
	if v.r.IntN(2) == 0 {
		p.await(t, logged)
	}
	v.killWithin(t, p, w.length, func() {})
}

// moment is when a kill came.
type moment uint8

const (
	within moment = iota // what is to be interrupted was
	early                // it had done nothing
	late                 // it was over
)

// leastWindow and mostWindow bound the length of a window.
const leastWindow, mostWindow = 10 * time.Millisecond, processLimit / 2

// window is the time in which kills of a phase come. Its length follows the machine: after a kill
// that came too early it becomes longer, after one that came too late shorter.
type window struct {
	length time.Duration
	count  [3]int // of the kills, by moment
}

// note takes account of when a kill came.
func (w *window) note(m moment) {
	w.count[m]++
	switch m {
	case early:
		w.length = min(w.length*3/2, mostWindow)
	case late:
		w.length = max(w.length*3/4, leastWindow)
	}
}

func (w *window) String() string {
	return fmt.Sprintf("%d within, %d before, %d after", w.count[within], w.count[early], w.count[late])
}

// fewKills is how many kills may all have missed what is to be interrupted.
const fewKills = 20

// assertHit wants kills in a phase: a test without them has shown nothing.
func (w *window) assertHit(t *testing.T, phase string) {
	t.Helper()
	switch kills := w.count[within] + w.count[early] + w.count[late]; {
	case w.count[within] > 0 || t.Failed():
	case kills < fewKills:
		t.Skipf("none of %d kills came during %s: %v", kills, phase, w)
	default:
		t.Errorf("none of %d kills came during %s: %v", kills, phase, w)
	}
}

// killWithin kills a daemon at a random moment of the time to come, and returns
// when it is dead. Until then it is asked again and again what it has got, and
// after each time something happens.
func (v *victim) killWithin(t *testing.T, p *process, d time.Duration, happens func()) {
	t.Helper()
	timer := time.AfterFunc(time.Duration(v.r.Int64N(int64(d))), func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			v.ask(t, p)
			happens()
		case <-p.ended:
			v.hear(t, p)
			return
		}
	}
}

// ask asks a daemon, which may be dead already, for its tip and its filters.
func (v *victim) ask(t *testing.T, p *process) {
	t.Helper()
	_, rest, _ := strings.Cut(p.out.String(), "RPC server listens address=")
	address, _, listens := strings.Cut(rest, "\n")
	if !listens {
		return
	}
	c := client{url: "http://" + address + "/", user: "u", password: "p"}
	var best api.BestBlock
	if refused, err := c.try(t.Context(), "getbestblock", "[]", &best); err == nil && refused == nil {
		v.acknowledge(t, best.Hash)
	}
	var status api.SyncStatus
	if refused, err := c.try(t.Context(), "syncstatus", "[]", &status); err == nil && refused == nil {
		v.filters = max(v.filters, filtersTold(&status))
		v.scanned = max(v.scanned, consensus.Height(status.Scanned))
		if status.Scanned > 0 && consensus.Height(status.Scanned) < v.kept {
			t.Errorf("the scan goes on at %d, the wallet was at %d", status.Scanned, v.kept)
		}
	}
}

// filtersTold returns how many filters a daemon says it has.
func filtersTold(s *api.SyncStatus) consensus.Height {
	stage := s.Stages[1]
	n := stage.Current + 1 - s.FilterFloor
	if s.Backfill {
		n += s.Tip.Height - stage.Target
	}
	return consensus.Height(n)
}

// filtersIn returns how many filters a store says it has.
func filtersIn(s *chain.State) consensus.Height {
	n := s.Filters.Height + 1 - s.Floor
	if s.Above.Any() {
		n += s.Above.Last.Height + 1 - s.Above.First
	}
	return n
}

// told finds the tips that a daemon logs.
var told = regexp.MustCompile(`(?:Synced at height|New block|Chain store opened) .*(?:hash|tip)=([0-9a-f]{64})`)

// hear reads what a dead daemon has logged.
func (v *victim) hear(t *testing.T, p *process) {
	t.Helper()
	var exited interface{ ExitCode() int }
	if !errors.As(p.exit, &exited) || exited.ExitCode() != -1 {
		t.Fatalf("the daemon was not killed, but ended with %v:\n%s%s", p.exit, p.out, p.err)
	}
	for _, match := range told.FindAllStringSubmatch(p.out.String(), -1) {
		v.acknowledge(t, match[1])
	}
}

// acknowledge keeps a tip that a daemon says it has.
func (v *victim) acknowledge(t *testing.T, tip string) {
	t.Helper()
	hash, err := chainhash.NewHashFromStr(tip)
	if err != nil {
		t.Fatal(err)
	}
	work, known := v.work[*hash]
	if !known {
		t.Fatalf("the daemon has a tip that no node served: %v", hash)
	}
	if most := v.work[v.tip]; work.Gt(&most) {
		v.tip = *hash
	}
}

// assertNothingLost proves what a killed daemon has left, and returns its state.
// It repairs nothing: what would need that is lost.
func (v *victim) assertNothingLost(t *testing.T) chain.State {
	t.Helper()
	store, err := chain.Open(chain.Config{Path: filepath.Join(v.dir, "simnet", spvd.ChainFile), Params: consensus.SimNet(), AsIs: true})
	if errors.Is(err, fs.ErrNotExist) && v.tip == v.ns.chain.ID(0).Hash {
		return chain.State{} // killed before there was one
	}
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	state := store.State()
	if state.Work != v.work[state.Tip.Hash] {
		t.Errorf("the tip is %v with work %v, want %v", state.Tip, state.Work, v.work[state.Tip.Hash])
	}
	if acknowledged := v.work[v.tip]; state.Work.Lt(&acknowledged) {
		t.Errorf("the tip is %v, older than %v, which was acknowledged", state.Tip, v.tip)
	}
	if state.Floor > v.highest {
		t.Errorf("the floor of the filters is %d, want %d at most", state.Floor, v.highest)
	}
	v.assertFilters(t, store)
	if v.leftover, err = store.Leftover(); err != nil {
		t.Errorf("find filters below the floor: %v", err)
	}
	return state
}

// assertFilters asks a store for the filter of each block: it has those that its state says it
// has, and says of all below the floor that it does not keep them.
func (v *victim) assertFilters(t *testing.T, store *chain.Chain) {
	t.Helper()
	state, served := store.State(), v.ns.all[0].Chain()
	same := state.Tip == served.ID(min(state.Tip.Height, served.Height()))
	for h := range state.Tip.Height + 1 {
		filter, err := store.Filter(h)
		there := state.Floor <= h && h <= state.Filters.Height ||
			state.Above.Any() && state.Above.First <= h && h <= state.Above.Last.Height
		switch {
		case there != (err == nil), h < state.Floor && !errors.Is(err, chain.ErrBelowFloor):
			t.Fatalf("filter %d: %v, in a store of %+v", h, err, state)
		case there && same && !bytes.Equal(filter, served.Filter(h)):
			t.Fatalf("filter %d is not the one that was served", h)
		}
	}
}

// finish lets a daemon sync to the tip of the network, and stop, and returns the state it leaves.
func (v *victim) finish(t *testing.T) chain.State {
	t.Helper()
	tip := v.ns.all[0].Chain().Tip()
	p := v.start(t)
	p.await(t, fmt.Sprintf("hash=%v", tip.Hash))
	p.signal(t, syscall.SIGTERM)
	if err := p.wait(); err != nil {
		t.Fatalf("the daemon ended with %v: %s", err, p.err)
	}
	state := v.assertNothingLost(t)
	if state.Tip != tip || state.Filters != tip || state.Above.Any() {
		t.Errorf("synced up to %v, filters up to %v; want %v, and no gap", state.Tip, state.Filters, tip)
	}
	return state
}

// TestKillsDuringFirstSync starts again with nothing whenever a sync outlives the
// kills.
func TestKillsDuringFirstSync(t *testing.T) {
	race.Skip(t)
	ns := serveChain(t, 1, testnet.Config{Seed: 1, Blocks: *killBlocks}, link.Shape{Bandwidth: crashBandwidth})
	killSyncs(t, 0, func(seed uint64) *victim { return newVictim(t, ns, seed) })
}

// killSyncs kills daemons while they sync, with new data whenever one has, and wants a floor of the
// filters in the end that is not below one.
func killSyncs(t *testing.T, floor consensus.Height, next func(seed uint64) *victim) {
	t.Helper()
	syncs, win := 0, window{length: time.Duration(*killBlocks) * timePerBlock}
	v := next(0)
	ns := v.ns
	var before chain.State
	end := func() {
		t.Helper()
		if state := v.finish(t); state.Floor < floor {
			t.Errorf("the floor of the filters is %d, want %d at least", state.Floor, floor)
		}
	}
	for range *kills {
		v.killOne(t, &win, opened)
		state := v.assertNothingLost(t)
		if n := filtersIn(&state); n < v.filters {
			t.Errorf("there are %d filters, acknowledged were %d", n, v.filters)
		}
		switch {
		case state.Filters == ns.chain.Tip():
			win.note(late)
		case state == before || state.Tip.Height == 0:
			win.note(early)
		default:
			win.note(within)
		}
		if before = state; state.Filters != ns.chain.Tip() {
			continue
		}
		end()
		syncs++
		v, before = next(uint64(syncs)), chain.State{}
	}
	end()
	win.assertHit(t, "a sync")
	if !t.Failed() {
		t.Logf("%d kills in %d syncs of %d blocks, %v: none lost", *kills, syncs+1, *killBlocks, &win)
	}
}

// TestKillsDuringReorganisations has the network change its mind again and again
// while the daemon follows it.
func TestKillsDuringReorganisations(t *testing.T) {
	race.Skip(t)
	ns := serveNodes(t, 1)
	v := newVictim(t, ns, 0)
	v.finish(t)
	node := ns.all[0]
	reorgs, behind := 0, 0
	for range *kills {
		p := v.start(t)
		p.await(t, fmt.Sprintf("hash=%v", node.Chain().Tip().Hash))
		v.killWithin(t, p, followTime, func() {
			if v.tip == node.Chain().Tip().Hash {
				v.reorganise(node)
				reorgs++
			}
		})
		if v.assertNothingLost(t).Filters != node.Chain().Tip() {
			behind++
		}
	}
	v.finish(t)
	if !t.Failed() {
		t.Logf("%d kills during %d reorganisations, %d before the last one was stored: none lost", *kills, reorgs, behind)
	}
}

// reorganise has a node replace its newest blocks.
func (v *victim) reorganise(node *testnet.Node) {
	depth := 1 + v.r.IntN(maxReorg)
	fork := node.Chain().Height() - consensus.Height(depth)
	next := node.Chain().Outgrow(fork, v.r.Uint64())
	v.learn(next, fork) // before the daemon can have it
	node.SetChain(next)
}
