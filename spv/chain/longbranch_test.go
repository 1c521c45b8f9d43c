package chain

import (
	"errors"
	"fmt"
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/longbranch"
	"github.com/spvd/spvd/spv/chain/internal/waypoints"
	"github.com/spvd/spvd/spv/consensus"
)

// walkTo asks a peer that has a chain for what is beyond, as the syncer does:
// from the main chain on, then from the last header that came, until no more
// comes or the headers do not connect. It reports whether anything changed.
func walkTo(t *testing.T, p *consensus.Params, c *Chain, peer *testChain, size int, source uint64) bool {
	t.Helper()
	changed := false
	for from := forkOf(c, peer) + 1; from <= peer.height(); from += consensus.Height(size) {
		to := min(from+consensus.Height(size)-1, peer.height())
		before := c.Staged().Tip
		ext, err := c.Extend(peer.batch(t, p, from, to), source, peer.now())
		var broken *consensus.RuleError
		switch {
		case errors.Is(err, ErrOrphan):
			return changed
		case errors.As(err, &broken) && broken.Rule == consensus.RuleWaypoint && c.goal != nil:
			return changed || before != c.Staged().Tip
		}
		if err != nil {
			t.Fatal(err)
		}
		changed = changed || before != c.Staged().Tip
		if ext.Reorg != nil {
			wantReorgSound(t, ext.Reorg)
		}
	}
	return changed
}

// forkOf returns the height of the last block of a peer's chain that is on the
// main chain.
func forkOf(c *Chain, peer *testChain) consensus.Height {
	for h := peer.height(); h > 0; h-- {
		if c.main.has(peer.id(h)) {
			return h
		}
	}
	return 0
}

func wantReorgSound(t *testing.T, r *Reorganisation) {
	t.Helper()
	if r.Fork.Height >= r.From.Height || r.To.Height < r.Fork.Height || len(r.Reverted) != int(r.From.Height-r.Fork.Height) || r.Reverted[0] != r.From {
		t.Fatalf("reorganisation from %d over %d to %d reverts %d blocks", r.From.Height, r.Fork.Height, r.To.Height, len(r.Reverted))
	}
}

// A branch wins that is far too long to keep before it has the most work.
func TestLongBranchWins(t *testing.T) {
	p, r := consensus.SimNet(), random(80)
	false1 := newTestChain(t, p).mine(t, p, r, 6000, 10, 1)
	honest := false1.fork(100).mine(t, p, r, 6100, 10, 1)
	c := reopen(t, Config{Path: t.TempDir() + "/chain.db", Params: p, MaxSide: 1500})
	false1.feed(t, p, c, 0, 2000, 1)
	mustFlush(t, c)
	walks := 0
	for walkTo(t, p, c, honest, 500, 2) {
		mustFlush(t, c)
		walks++
	}
	if got := c.Staged().Tip; got != honest.id(honest.height()) {
		t.Fatalf("tip %v after %d walks, want that of the branch with more work", got, walks)
	}
	if c.goal != nil || walks != 2 {
		t.Errorf("the goal is %v after %d walks", c.goal, walks)
	}
	honest.feedFilters(t, p, c)
	mustFlush(t, c)
	wantChain(t, c, honest)
	mustCheck(t, c)
	wantSoundSide(t, c)
}

// While a long branch is fetched again, neither the old chain nor a diversion
// from the branch gets in the way.
func TestGoalIsFollowed(t *testing.T) {
	p, r := consensus.SimNet(), random(81)
	old := newTestChain(t, p).mine(t, p, r, 5000, 10, 1)
	honest := old.fork(100).mine(t, p, r, 5100, 10, 1)
	c := reopen(t, Config{Path: t.TempDir() + "/chain.db", Params: p, MaxSide: 2400})
	old.feed(t, p, c, 0, 2000, 1)
	walkTo(t, p, c, honest, 500, 2)
	if c.goal == nil || c.Staged().Tip != honest.id(1300) { // what there was room for
		t.Fatalf("goal %v, tip %v", c.goal, c.Staged().Tip)
	}

	// The old chain has more work than there is now, but less than the goal.
	old.mine(t, p, r, 1, 10, 1)
	if _, err := c.Extend(old.batch(t, p, 1200, 1300), 3, old.now()); err != nil {
		t.Fatal(err)
	}
	if got := c.Staged().Tip; got != honest.id(1300) {
		t.Fatalf("the old chain is back: tip %v", got)
	}

	// Another branch is followed until a mark says that it is another.
	other := honest.fork(1320).mine(t, p, r, 1000, 10, 1)
	_, err := c.Extend(other.batch(t, p, 1301, 2300), 4, other.now())
	wantRule(t, err, consensus.RuleWaypoint)
	mark := (1320/markSpacing(c.side.PerSource()) + 1) * markSpacing(c.side.PerSource())
	if got := c.Staged().Tip; got != other.id(mark-1) {
		t.Fatalf("tip %v", got)
	}

	// The branch itself takes over at the mark, though it has no more work yet.
	if _, err := c.Extend(honest.batch(t, p, 1301, mark), 2, honest.now()); err != nil {
		t.Fatal(err)
	}
	if got := c.Staged().Tip; got != honest.id(mark) || c.goal == nil {
		t.Fatalf("tip %v, goal %v", got, c.goal)
	}
	for walkTo(t, p, c, honest, 500, 2) {
	}
	if got := c.Staged().Tip; got != honest.id(honest.height()) || c.goal != nil {
		t.Fatalf("tip %v, goal %v", got, c.goal)
	}
}

// When no peer has the headers of the goal any longer, it is given up.
func TestGoalIsGivenUp(t *testing.T) {
	p, r := consensus.SimNet(), random(82)
	old := newTestChain(t, p).mine(t, p, r, 300, 10, 1)
	gone := old.fork(10).mine(t, p, r, 320, 10, 1)
	c := reopen(t, Config{Path: t.TempDir() + "/chain.db", Params: p, MaxSide: 40})
	old.feed(t, p, c, 0, 2000, 1)
	walkTo(t, p, c, gone, 15, 2)
	if c.goal == nil {
		t.Fatal("there is no goal")
	}
	for walkTo(t, p, c, old, 15, 1) {
	}
	if got := c.Staged().Tip; got == old.id(old.height()) {
		t.Fatal("the old chain is back though there is a better one")
	}
	c.Forget(2)
	for walkTo(t, p, c, old, 15, 1) {
	}
	if got := c.Staged().Tip; got != old.id(old.height()) {
		t.Fatalf("tip %v, want the chain that is left", got)
	}
}

// A branch with a waypoint that the main chain lacks is better, whatever the
// work: else a chain of dear but false blocks below it could not be left.
func TestBranchWithWaypointWins(t *testing.T) {
	for _, most := range []int{0, 40} {
		p, r := consensus.SimNet(), random(83)
		wrong := newTestChain(t, p).mine(t, p, r, 150, 10, 1).mine(t, p, r, 49, 10, 0, 1)
		honest := wrong.fork(10).mine(t, p, r, 250, 10, 2)
		p.Waypoints = []consensus.BlockID{honest.id(200)}
		c := reopen(t, Config{Path: t.TempDir() + "/chain.db", Params: p, MaxSide: most})
		wrong.feed(t, p, c, 0, 2000, 1)
		if c.Staged().Tip != wrong.id(199) {
			t.Fatalf("tip %v", c.Staged().Tip)
		}
		for walkTo(t, p, c, honest, 15, 2) {
		}
		if got := c.Staged().Tip; got != honest.id(honest.height()) {
			t.Fatalf("room for %d: tip %v, want that of the known chain", most, got)
		}
	}
}

// However little room there is for side branches, in the end the chain is the
// branch with the most work.
func TestTinyBoundsDoNotMatter(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p, r := consensus.SimNet(), random(seed)
			trees := plant(t, p, r, 10, 60)
			w := newTwin(p)
			for _, tree := range trees {
				w.extend(tree.batch(t, p, 1, tree.height()))
			}
			c := reopen(t, Config{Path: t.TempDir() + "/chain.db", Params: p, MaxSide: 1 + r.IntN(60), recent: 1 << r.IntN(8)})
			for round := 0; ; round++ {
				changed := false
				for i, tree := range trees {
					changed = walkTo(t, p, c, tree, 1+r.IntN(30), uint64(i+1)) || changed
					wantSoundSide(t, c)
					if r.IntN(3) == 0 {
						mustFlush(t, c)
					}
				}
				if !changed {
					break
				}
				if round > 40 {
					t.Fatal("it goes on for ever")
				}
			}
			got := c.Staged()
			if got.Work.ToBig().Cmp(w.work(w.tip)) != 0 {
				t.Fatalf("work %v, want %v", got.Work, w.work(w.tip))
			}
			mustFlush(t, c)
			mustCheck(t, c)
		})
	}
}

// smallBounds are those under which nearly every branch is long.
func smallBounds(t *testing.T, p *consensus.Params, most int) Config {
	return Config{Path: t.TempDir() + "/chain.db", Params: p, MaxSide: most, recent: 16}
}

// A branch can be long from the genesis block on: the rules find the anchor of
// the difficulty, which is long out of the window.
func TestLongBranchFromGenesis(t *testing.T) {
	p, r := consensus.SimNet(), random(84)
	old := newTestChain(t, p).mine(t, p, r, recentHeaders+200, 1, 1)
	honest := newTestChain(t, p).mine(t, p, r, recentHeaders+300, 1, 1)
	c := reopen(t, smallBounds(t, p, 40))
	old.feed(t, p, c, 0, 2000, 1)
	for walkTo(t, p, c, honest, 1000, 2) {
	}
	if got := c.Staged().Tip; got != honest.id(honest.height()) {
		t.Fatalf("tip %v, want that of the branch with more work", got)
	}
}

// When nothing of a long branch was kept the main chain goes back to the fork,
// however far that is below what is in memory.
func TestGoalFromTheForkOn(t *testing.T) {
	p, r := consensus.SimNet(), random(85)
	old := newTestChain(t, p).mine(t, p, r, 300, 10, 1)
	honest := old.fork(100).mine(t, p, r, 220, 10, 1)
	cfg := smallBounds(t, p, 1)
	c := reopen(t, cfg)
	old.feed(t, p, c, 0, 2000, 1)
	mustFlush(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = reopen(t, cfg)
	walkTo(t, p, c, honest, 300, 2) // all in one batch: it wins at once
	old.mine(t, p, r, 30, 10, 1)
	walkTo(t, p, c, old, 50, 3)
	if got := c.Staged(); got.Tip != old.id(100) || got.TipTime != old.testBranch[100].Time() {
		t.Fatalf("tip %v, want the fork", got.Tip)
	}
	mustFlush(t, c)
	mustCheck(t, c)
	for walkTo(t, p, c, old, 50, 3) {
	}
	if got := c.Staged().Tip; got != old.id(old.height()) {
		t.Fatalf("tip %v", got)
	}
}

// A waypoint beats a goal, and then the goal is no more.
func TestWaypointBeatsGoal(t *testing.T) {
	p, r := consensus.SimNet(), random(86)
	old := newTestChain(t, p).mine(t, p, r, 300, 10, 1)
	heavy := old.fork(100).mine(t, p, r, 220, 10, 1)
	known := old.fork(100).mine(t, p, r, 30, 10, 1)
	p.Waypoints = []consensus.BlockID{known.id(125)}
	c := reopen(t, smallBounds(t, consensus.SimNet(), 20)) // which knows of no waypoint yet
	old.feed(t, p, c, 0, 2000, 1)
	walkTo(t, p, c, heavy, 50, 2)
	if c.goal == nil {
		t.Fatal("there is no goal")
	}
	c.params, c.waypoints = p, waypoints.New(p)
	if _, err := c.Extend(known.batch(t, p, 101, 130), 3, known.now()); err != nil {
		t.Fatal(err)
	}
	if got := c.Staged().Tip; got != known.id(130) || c.goal != nil {
		t.Fatalf("tip %v, goal %v", got, c.goal)
	}
}

// A long branch does not bring down the main chain below a waypoint that this
// has passed since.
func TestLongBranchBelowWaypoint(t *testing.T) {
	p, r := consensus.SimNet(), random(87)
	known := newTestChain(t, p).mine(t, p, r, 200, 10, 1)
	p.Waypoints = []consensus.BlockID{known.id(150)}
	heavy := known.fork(50).mine(t, p, r, 30, 10, 1)
	c := reopen(t, smallBounds(t, p, 20))
	known.fork(120).feed(t, p, c, 0, 2000, 1)
	if _, err := c.Extend(heavy.batch(t, p, 51, 80), 2, heavy.now()); err != nil || c.long.Len() != 1 {
		t.Fatalf("%d long branches, %v", c.long.Len(), err)
	}
	known.feed(t, p, c, 120, 2000, 1)
	heavy.mine(t, p, r, 60, 10, 0) // more work than all of the known chain
	_, err := c.Extend(heavy.batch(t, p, 81, 140), 2, heavy.now())
	wantRule(t, err, consensus.RuleWaypoint)
	if got := c.Staged().Tip; got != known.id(200) {
		t.Fatalf("tip %v", got)
	}
}

// What a long branch stands on can be reverted: then it is no longer known.
func TestLongBranchLosesItsRoot(t *testing.T) {
	p, r := consensus.SimNet(), random(88)
	old := newTestChain(t, p).mine(t, p, r, 200, 10, 1)
	weighed := old.fork(150).mine(t, p, r, 40, 10, 1)
	better := old.fork(100).mine(t, p, r, 120, 10, 1)
	c := reopen(t, smallBounds(t, p, 20))
	old.feed(t, p, c, 0, 2000, 1)
	if _, err := c.Extend(weighed.batch(t, p, 151, 189), 2, weighed.now()); err != nil || c.long.Len() != 1 {
		t.Fatalf("%d long branches, %v", c.long.Len(), err)
	}
	if _, err := c.Extend(better.batch(t, p, 101, 220), 3, better.now()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Extend(weighed.batch(t, p, 190, 190), 2, weighed.now()); !errors.Is(err, ErrOrphan) {
		t.Fatalf("want an orphan, got %v", err)
	}
}

// sameLongBranchTwice returns a chain to which two sources have sent the same
// long branch up to block 990, of which the first has gone on to win with
// block 1010. It was fetched again up to a height.
func sameLongBranchTwice(t *testing.T, p *consensus.Params, again consensus.Height) (*Chain, *testChain) {
	t.Helper()
	r := random(89)
	old := newTestChain(t, p).mine(t, p, r, 1000, 10, 1)
	honest := old.fork(100).mine(t, p, r, 950, 10, 1)
	c := reopen(t, smallBounds(t, p, 320))
	old.feed(t, p, c, 0, 2000, 1)
	honest.fork(990).feed(t, p, c, 100, 100, 2)
	honest.fork(990).feed(t, p, c, 100, 100, 3)
	if _, err := c.Extend(honest.batch(t, p, 991, 1010), 2, honest.now()); err != nil {
		t.Fatal(err)
	}
	if c.goal == nil || c.long.Len() != 1 {
		t.Fatalf("goal %v, %d long branches", c.goal, c.long.Len())
	}
	honest.fork(again).feed(t, p, c, c.Staged().Tip.Height, 50, 2)
	return c, honest
}

// When a long branch that was sent twice is fetched again in part, and then the
// other copy of it wins, what was fetched stays.
func TestSameLongBranchTwice(t *testing.T) {
	p := consensus.SimNet()
	c, honest := sameLongBranchTwice(t, p, 600)
	if _, err := c.Extend(honest.batch(t, p, 991, 1020), 3, honest.now()); err != nil {
		t.Fatal(err)
	}
	if got := c.Staged().Tip.Height; got < 600-markSpacing(c.side.PerSource()) || c.goal == nil {
		t.Fatalf("tip %d, goal %v", got, c.goal)
	}
	for walkTo(t, p, c, honest, 50, 3) {
	}
	if got := c.Staged().Tip; got != honest.id(honest.height()) {
		t.Fatalf("tip %v", got)
	}
}

// A copy of a branch that is the main chain by now is no branch any more: what
// leaves it is like any other.
func TestLongBranchThatBecameMain(t *testing.T) {
	p := consensus.SimNet()
	c, honest := sameLongBranchTwice(t, p, 1010)
	side := honest.fork(990).mine(t, p, random(91), 35, 10, 1)
	ext, err := c.Extend(side.batch(t, p, 991, 1025), 3, side.now())
	if err != nil || ext.Added != 35 {
		t.Fatalf("got %+v, %v", ext, err)
	}
}

// When the main chain takes up a part of what was kept of a long branch, the
// rest is all that is left to do.
func TestMainTakesUpPartOfLongBranch(t *testing.T) {
	p, r := consensus.SimNet(), random(92)
	old := newTestChain(t, p).mine(t, p, r, 200, 10, 1)
	honest := old.fork(100).mine(t, p, r, 150, 10, 1)
	c := reopen(t, smallBounds(t, p, 160))
	old.feed(t, p, c, 0, 2000, 1)
	honest.fork(195).feed(t, p, c, 100, 50, 2) // 80 of them are kept
	twig := honest.fork(150).mine(t, p, r, 55, 10, 1)
	if _, err := c.Extend(twig.batch(t, p, 151, 205), 3, twig.now()); err != nil {
		t.Fatal(err)
	}
	if got := c.Staged().Tip; got != twig.id(205) {
		t.Fatalf("tip %v", got)
	}
	ext, err := c.Extend(honest.batch(t, p, 196, 210), 2, honest.now())
	if err != nil || ext.Reorg == nil || ext.Reorg.Fork != honest.id(150) || c.Staged().Tip.Height < 170 {
		t.Fatalf("got %+v, %v, tip %v", ext.Reorg, err, c.Staged().Tip)
	}
}

// No more than so many long branches are weighed, and one of each source.
func TestLongBranchesAreBounded(t *testing.T) {
	p, r := consensus.SimNet(), random(90)
	old := newTestChain(t, p).mine(t, p, r, 100, 10, 1)
	c := reopen(t, smallBounds(t, p, 2))
	old.feed(t, p, c, 0, 2000, 1)
	var branches []*testChain
	for source := range uint64(longbranch.Max + 3) {
		b := old.fork(50).mine(t, p, r, 10, 10, 1)
		branches = append(branches, b)
		if _, err := c.Extend(b.batch(t, p, 51, 59), source, b.now()); err != nil {
			t.Fatal(err)
		}
	}
	if c.long.Len() != longbranch.Max {
		t.Fatalf("%d long branches", c.long.Len())
	}
	another := old.fork(50).mine(t, p, r, 10, 10, 1)
	if _, err := c.Extend(another.batch(t, p, 51, 59), longbranch.Max, another.now()); err != nil {
		t.Fatal(err)
	}
	for i, b := range branches {
		_, err := c.Extend(b.batch(t, p, 60, 60), uint64(i), b.now())
		if dropped := i < 3 || i == longbranch.Max; errors.Is(err, ErrOrphan) != dropped {
			t.Errorf("branch %d: %v", i, err)
		}
	}
}
