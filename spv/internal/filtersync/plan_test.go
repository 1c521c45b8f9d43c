package filtersync

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// emptyFilters returns the proven batch of empty filters for a chunk, below the
// height from which filters are committed to.
func emptyFilters(t *testing.T, c chunk) *consensus.FilterBatch {
	t.Helper()
	params := *consensus.SimNet()
	params.DCP0005 = consensus.Never
	payload := []byte{byte(c.n)}
	var targets []consensus.FilterTarget
	for i := range c.n {
		var hash chainhash.Hash
		binary.LittleEndian.PutUint32(hash[:], uint32(int(c.start)+i))
		targets = append(targets, consensus.FilterTarget{BlockID: consensus.BlockID{Height: c.start + consensus.Height(i), Hash: hash}})
		payload = append(payload, hash[:]...)
		payload = append(payload, make([]byte, 1+4+1)...) // no data, index 0, no proof
	}
	batch, err := consensus.ProveFilters(&params, targets, payload)
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

// TestEveryFilterIsAskedForUntilItComes drives a plan with peers that fail, are
// slow and reply in any order, while the tip moves. What is popped must be all
// heights, each once, in order.
func TestEveryFilterIsAskedForUntilItComes(t *testing.T) {
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		now := time.Unix(0, 0)
		filtered := consensus.Height(rnd.IntN(500))
		tip := filtered + consensus.Height(rnd.IntN(3000))
		last := tip + consensus.Height(rnd.IntN(500))
		plan, peers := newFilterPlan(filtered), 1+rnd.IntN(9)
		var flying []chunk
		for steps := 0; filtered < last; steps++ {
			if steps > 100_000 {
				t.Fatalf("seed %d: stuck at %d of %d", seed, filtered, last)
			}
			now = now.Add(time.Duration(rnd.IntN(1000)) * time.Millisecond)
			tip = min(last, tip+consensus.Height(rnd.IntN(50)))
			for c, ok := plan.take(tip, peers, tip == last, now); ok; c, ok = plan.take(tip, peers, tip == last, now) {
				if c.n < 1 || c.n > ChunkSize || c.end() > tip {
					t.Fatalf("seed %d: asked for %d-%d with the tip at %d", seed, c.start, c.end(), tip)
				}
				flying = append(flying, c)
			}
			if limit := max(minFlying, peers*chunksPerPeer) + 1; len(flying) > 2*limit {
				t.Fatalf("seed %d: %d requests under way", seed, len(flying))
			}
			if len(flying) == 0 {
				continue
			}
			i := rnd.IntN(len(flying))
			c := flying[i]
			flying = slices.Delete(flying, i, i+1)
			if rnd.IntN(3) == 0 {
				plan.failed(c.start, p2p.PeerID(rnd.IntN(3)))
				continue
			}
			plan.arrived(emptyFilters(t, c), 4000, now)
			for b := plan.pop(); b != nil; b = plan.pop() {
				if b.First().Height != filtered+1 {
					t.Fatalf("seed %d: popped %d after %d", seed, b.First().Height, filtered)
				}
				filtered += consensus.Height(b.Len())
			}
		}
		if !plan.idle() {
			t.Fatalf("seed %d: everything came and the plan is not idle", seed)
		}
	}
}

func TestAFailedChunkIsHandedOutFirstAndRemembersWhoFailed(t *testing.T) {
	plan, now := newFilterPlan(0), time.Unix(0, 0)
	first, _ := plan.take(1000, 1, false, now)
	second, _ := plan.take(1000, 1, false, now)
	plan.failed(second.start, 7)
	plan.failed(first.start, 0)
	again, ok := plan.take(1000, 1, false, now)
	if !ok || again.start != first.start || len(again.avoid) != 0 || again.tries != 1 {
		t.Errorf("got %+v, want the chunk at %d to be tried again", again, first.start)
	}
	again, ok = plan.take(1000, 1, false, now)
	if !ok || again.start != second.start || !slices.Equal(again.avoid, []p2p.PeerID{7}) {
		t.Errorf("got %+v, want the chunk at %d, not from peer 7", again, second.start)
	}
	if again.pause() <= 0 {
		t.Error("a chunk that failed is asked for again without a pause")
	}
}

func TestNoPartialChunkWhileHeadersStillCome(t *testing.T) {
	plan, now := newFilterPlan(0), time.Unix(0, 0)
	if c, ok := plan.take(99, 1, false, now); ok {
		t.Errorf("handed out %+v though 100 headers are not there yet", c)
	}
	if c, ok := plan.take(99, 1, true, now); !ok || c.n != 99 {
		t.Errorf("got %+v, want the 99 filters that are left", c)
	}
	if _, ok := plan.take(99, 1, true, now); ok {
		t.Error("handed out filters beyond the tip")
	}
}

func TestTheChunkThatAllWaitForIsAskedForTwice(t *testing.T) {
	plan, now := newFilterPlan(0), time.Unix(0, 0)
	front, _ := plan.take(200, 2, false, now)
	plan.take(200, 2, false, now)
	if c, ok := plan.take(200, 2, true, now.Add(chunkPatience-1)); ok {
		t.Errorf("handed out %+v too early", c)
	}
	now = now.Add(chunkPatience)
	if c, ok := plan.take(200, 1, true, now); ok {
		t.Errorf("handed out %+v though there is no second peer", c)
	}
	if c, ok := plan.take(200, 2, true, now); !ok || c.start != front.start {
		t.Errorf("handed out %+v, want the chunk in front once more", c)
	}
	if c, ok := plan.take(200, 2, true, now.Add(chunkPatience)); ok {
		t.Errorf("handed out %+v a third time", c)
	}
	plan.arrived(emptyFilters(t, front), 4000, now)
	plan.arrived(emptyFilters(t, front), 4000, now)
	plan.failed(front.start, 1)
	if b := plan.pop(); b == nil || b.Len() != ChunkSize {
		t.Error("the chunk in front did not come out")
	}
	if plan.pop() != nil {
		t.Error("the chunk in front came out twice")
	}
}

func TestTheWindowGrowsWithReplies(t *testing.T) {
	plan, now := newFilterPlan(0), time.Unix(0, 0)
	take := func() (all []chunk) {
		for c, ok := plan.take(1_000_000, 2, false, now); ok; c, ok = plan.take(1_000_000, 2, false, now) {
			all = append(all, c)
		}
		return all
	}
	flying := take()
	for range 1000 {
		plan.arrived(emptyFilters(t, flying[0]), 4000, now)
		plan.pop()
		flying = append(flying[1:], take()...)
	}
	if len(flying) != 2*chunksPerPeer {
		t.Errorf("%d requests for 2 peers, want %d", len(flying), 2*chunksPerPeer)
	}
}

func TestLargeFiltersMakeTheWindowSmaller(t *testing.T) {
	plan, now := newFilterPlan(0), time.Unix(0, 0)
	front, _ := plan.take(1_000_000, 8, false, now)
	const size = 1 << 20
	held := 0
	for c, ok := plan.take(1_000_000, 8, false, now); ok; c, ok = plan.take(1_000_000, 8, false, now) {
		plan.arrived(emptyFilters(t, c), size, now)
		held++
	}
	if held == 0 || held > maxWindowBytes/size {
		t.Errorf("%d chunks of a megabyte wait for the one in front", held)
	}
	if plan.arrived(emptyFilters(t, front), size, now); plan.pop() == nil {
		t.Error("the chunk in front did not come out")
	}
}

func TestPatienceFollowsMeasuredTimes(t *testing.T) {
	plan, now := newFilterPlan(0), time.Unix(0, 0)
	for range 100 {
		c, _ := plan.take(1_000_000, 2, false, now)
		now = now.Add(400 * time.Millisecond)
		plan.arrived(emptyFilters(t, c), 4000, now)
		plan.pop()
	}
	front, _ := plan.take(1_000_000, 2, false, now)
	for c, ok := plan.take(1_000_000, 2, false, now); ok; c, ok = plan.take(1_000_000, 2, false, now) {
		if c.start == front.start {
			t.Fatal("the chunk in front is asked for twice at once")
		}
		plan.arrived(emptyFilters(t, c), 4000, now.Add(400*time.Millisecond))
		if c.start > 50_000 {
			break
		}
	}
	if c, ok := plan.take(1_000_000, 2, false, now.Add(600*time.Millisecond)); !ok || c.start != front.start {
		t.Errorf("handed out %+v, want the chunk in front once more", c)
	}
}
