package headersync

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// rawChain is headers that are only linked, from height zero on.
type rawChain []consensus.Header

// fork returns a chain that goes another way above a height.
func (c rawChain) fork(at consensus.Height, length int, mark byte) rawChain {
	f := slices.Clone(c[:at+1])
	for len(f) < length {
		var h consensus.Header
		h[0] = mark
		if n := len(f); n > 0 {
			hash := f[n-1].Hash()
			copy(h[4:], hash[:])
			binary.LittleEndian.PutUint32(h[128:], uint32(n))
		}
		f = append(f, h)
	}
	return f
}

func (c rawChain) id(h consensus.Height) consensus.BlockID {
	return consensus.BlockID{Height: h, Hash: c[h].Hash()}
}

// reply is what a node with this chain sends, as dcrd does: from the beginning
// if it does not know where to start, and to its end if not where to stop.
func (c rawChain) reply(a headerAsk, full int) []byte {
	find := func(hash chainhash.Hash) int {
		return slices.IndexFunc(c, func(h consensus.Header) bool { return h.Hash() == hash })
	}
	from := max(find(a.after), 0) + 1
	to := min(from+full, len(c))
	if stop := find(a.stop); stop >= 0 {
		to = min(to, stop+1)
	}
	payload := []byte{byte(max(to-from, 0))}
	for h := from; h < to; h++ {
		payload = append(append(payload, c[h][:]...), 0)
	}
	return payload
}

// batchOf decodes a reply.
func batchOf(payload []byte, from p2p.PeerID) prepared {
	b := &consensus.HeaderBatch{}
	for rest := payload[1:]; len(rest) > 0; rest = rest[HeaderStride:] {
		h := consensus.Header(rest[:consensus.HeaderSize])
		b.Headers, b.Hashes = append(b.Headers, h), append(b.Hashes, h.Hash())
	}
	return prepared{batch: b, from: from}
}

// planWorld is a plan with peers that answer in any order, and what came of it.
type planWorld struct {
	t      *testing.T
	seed   uint64
	rnd    *rand.Rand
	plan   *headerPlan
	full   int
	peers  map[p2p.PeerID]rawChain // without a chain a peer never answers
	points []consensus.BlockID
	main   rawChain // what was accepted
	flying []headerAsk
	held   []func() // replies that are being verified
}

// run lets things happen until the plan is done or stuck.
func (w *planWorld) run() (done bool) {
	live := []p2p.PeerID{1, 2, 3, 4}[:len(w.peers)]
	for range 100_000 {
		for a, ok := w.plan.take(live, time.Time{}); ok; a, ok = w.plan.take(live, time.Time{}) {
			w.flying = append(w.flying, a)
			if ahead := w.plan.ahead(); ahead > MaxAhead {
				w.t.Fatalf("seed %d: %d batches ahead", w.seed, ahead)
			}
		}
		switch {
		case w.plan.done():
			return true
		case w.plan.stuck(live) && len(w.held) == 0:
			return false
		case len(w.held) > 0 && w.rnd.IntN(2) == 0:
			i := w.rnd.IntN(len(w.held))
			w.held[i]()
			w.held = slices.Delete(w.held, i, i+1)
			w.apply()
		case len(w.flying) > 0:
			i := w.rnd.IntN(len(w.flying))
			a := w.flying[i]
			w.flying = slices.Delete(w.flying, i, i+1)
			w.answer(a)
		}
	}
	w.t.Fatalf("seed %d: no end", w.seed)
	return false
}

// answer has a peer that fits answer a request.
func (w *planWorld) answer(a headerAsk) {
	from := a.peer
	for from == 0 || a.peer == 0 && slices.Contains(a.avoid, from) {
		from = p2p.PeerID(1 + w.rnd.Uint64N(uint64(len(w.peers))))
	}
	if w.peers[from] == nil {
		w.plan.failed(a, from)
		return
	}
	payload := w.peers[from].reply(a, w.full)
	number, err := w.plan.arrived(a, from, payload, time.Time{})
	if err == nil {
		w.held = append(w.held, func() { w.plan.verified(a, number, batchOf(payload, from)) })
	}
}

// apply is the dumb twin of the chain: it takes every header whose parent it has,
// instead of what was above that.
func (w *planWorld) apply() {
	for b, ok := w.plan.peek(); ok; b, ok = w.plan.peek() {
		for i := range b.batch.Headers {
			h := b.batch.Headers[i]
			if int(h.Height()) > len(w.main) || w.main[h.Height()-1].Hash() != h.PrevBlock() {
				w.t.Fatalf("seed %d: header %d has no parent", w.seed, h.Height())
			}
			w.main = append(w.main[:h.Height()], h)
		}
		w.plan.accept()
	}
}

// TestHeadersBetweenWaypointsComeInOrderThroughAllOfThem drives a plan with
// honest peers and others that lie, lag or are silent. With one honest peer it
// comes to its end; with a wrong waypoint it gets stuck, and either way nothing
// that goes around a waypoint is ever handed on.
func TestHeadersBetweenWaypointsComeInOrderThroughAllOfThem(t *testing.T) {
	race.Skip(t)
	ends := map[bool]int{}
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		length := 20 + rnd.IntN(300)
		honest := rawChain{}.fork(-1, length, 1)
		w := &planWorld{t: t, seed: seed, rnd: rnd, full: 1 + rnd.IntN(12), peers: make(map[p2p.PeerID]rawChain)}
		for h := 1 + rnd.IntN(30); h < length; h += 1 + rnd.IntN(60) {
			w.points = append(w.points, honest.id(consensus.Height(h)))
		}
		tip := consensus.Height(rnd.IntN(length / 2))
		w.points = slices.DeleteFunc(w.points, func(p consensus.BlockID) bool { return p.Height <= tip })
		wrong := len(w.points) > 0 && rnd.IntN(3) == 0
		if wrong {
			w.points[rnd.IntN(len(w.points))].Hash[0] ^= 1
		}
		w.peers[1] = honest
		for id := p2p.PeerID(2); id <= 4; id++ {
			w.peers[id] = []rawChain{honest, nil, honest[:1+rnd.IntN(length)],
				honest.fork(consensus.Height(rnd.IntN(length)), length, 2)}[rnd.IntN(4)]
		}
		w.main = slices.Clone(honest[:tip+1])
		w.plan = newHeaderPlan(honest.id(tip), w.points, w.full)
		done := w.run()
		ends[done]++
		if done == wrong {
			t.Errorf("seed %d: done is %v, and that a waypoint is wrong %v", seed, done, wrong)
		}
		for _, p := range w.points {
			if int(p.Height) < len(w.main) && w.main.id(p.Height) != p {
				t.Fatalf("seed %d: the chain goes around waypoint %d", seed, p.Height)
			}
		}
	}
	if ends[true] == 0 || ends[false] == 0 {
		t.Errorf("ends: %v, want both kinds", ends)
	}
}

func TestRangesAreFetchedAtTheSameTimeWithinBounds(t *testing.T) {
	honest := rawChain{}.fork(-1, 100, 1)
	var points []consensus.BlockID
	for h := consensus.Height(10); h < 100; h += 10 {
		points = append(points, honest.id(h))
	}
	plan := newHeaderPlan(honest.id(0), points, 10)
	asked := 0
	for _, ok := plan.take([]p2p.PeerID{1}, time.Time{}); ok; _, ok = plan.take([]p2p.PeerID{1}, time.Time{}) {
		asked++
	}
	if asked != len(points)+1 {
		t.Errorf("%d requests at once for %d waypoints", asked, len(points))
	}
	if plan = newHeaderPlan(points[8], points, 10); !plan.done() {
		t.Error("there is a plan though no waypoint is above the tip")
	}
}

func TestAPeerThatLetsTheFrontWaitIsNotWaitedFor(t *testing.T) {
	honest, now := rawChain{}.fork(-1, 30, 1), time.Unix(0, 0)
	plan := newHeaderPlan(honest.id(0), []consensus.BlockID{honest.id(20)}, 10)
	live := []p2p.PeerID{1, 2}
	a, _ := plan.take(live, now)
	plan.take(live, now) // the open range
	if other, ok := plan.take(live, now.Add(time.Hour)); ok {
		t.Fatalf("asked for %+v though anybody may answer", other)
	}
	if _, err := plan.arrived(a, 1, honest.reply(a, 10), now); err != nil {
		t.Fatal(err)
	}
	if a, _ = plan.take(live, now); a.peer != 1 {
		t.Fatalf("the range is continued with peer %d", a.peer)
	}
	if a, ok := plan.take(live, now.Add(TailPatience-1)); ok {
		t.Fatalf("asked for %+v too early", a)
	}
	b, ok := plan.take(live, now.Add(TailPatience))
	if !ok || b.after != honest.id(0).Hash || !slices.Equal(b.avoid, []p2p.PeerID{1}) {
		t.Errorf("asked for %+v, want the front again and not from peer 1", b)
	}
	if _, err := plan.arrived(a, 1, honest.reply(a, 10), now); err == nil {
		t.Error("the late reply counts")
	}
}

// TestThePlanKeepsWithinItsRoom has little room for what is held behind the range in front.
func TestThePlanKeepsWithinItsRoom(t *testing.T) {
	const room = 8
	points := []consensus.BlockID{{Height: 16_384}, {Height: 32_768}, {Height: 49_152}}
	p := newHeaderPlan(consensus.BlockID{}, points, 2000)
	p.room = room
	for range 100 {
		p.take([]p2p.PeerID{1, 2, 3, 4, 5, 6, 7, 8}, time.Time{})
	}
	if p.ahead() > room {
		t.Errorf("%d batches are asked for behind the range in front, want at most %d", p.ahead(), room)
	}
}
