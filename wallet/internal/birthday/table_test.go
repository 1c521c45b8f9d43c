package birthday

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/remembered"
)

// ledger is a wallet's chain, and a twin of its table that keeps the whole chain up to each block
// after which something is born.
type ledger struct {
	t      *testing.T
	rng    *rand.Rand
	table  Table
	chain  []remembered.Block // all of them
	after  map[uint32][]remembered.Block
	dates  []uint32
	number uint64 // of the newest block
}

func newLedger(t *testing.T, seed uint64) *ledger {
	l := &ledger{t: t, rng: rand.New(rand.NewPCG(seed, 1)), after: make(map[uint32][]remembered.Block)}
	l.chain = []remembered.Block{{BlockID: consensus.BlockID{Hash: chainhash.Hash{31: 1}}, Time: 1_000_000}}
	return l
}

func (l *ledger) tip() remembered.Block { return l.chain[len(l.chain)-1] }

// apply adds blocks that are up to two hours apart, some before the one below them.
func (l *ledger) apply(n int) {
	for range n {
		b := remembered.Block{Time: l.tip().Time + uint32(l.rng.IntN(9000)) - 1800}
		b.Height = l.tip().Height + 1
		l.number++
		binary.LittleEndian.PutUint64(b.Hash[:], l.number)
		if l.table.Arrive(b.BlockID, l.chain) != Unborn {
			l.t.Fatal("blocks were missed by a wallet that has seen all of them")
		}
		l.chain = append(l.chain, b)
		l.table.Reach(b.Height, b.Time)
	}
}

// leave goes back to a fork, below which the twin too keeps what others have in common with it.
func (l *ledger) leave(n int) {
	fork := l.chain[max(0, len(l.chain)-1-n)]
	l.table.Leave(fork.BlockID, fork.BlockID)
	l.chain = l.chain[: fork.Height+1 : fork.Height+1]
	for number, chain := range l.after {
		common := 0
		for common < min(len(chain), len(l.chain)) && chain[common] == l.chain[common] {
			common++
		}
		l.after[number] = chain[:common]
	}
}

// check compares the table with the twin.
func (l *ledger) check(seed uint64) {
	l.t.Helper()
	for number, chain := range l.after {
		if got, want := l.table.At(Born{Height: Unborn, After: number}), chain[len(chain)-1].Height+1; got != want {
			l.t.Fatalf("seed %d: what is born after block %d is born at %d", seed, want-1, got)
		}
	}
	for _, d := range l.dates {
		want := Unborn
		for _, b := range slices.Backward(l.chain) {
			if int64(b.Time) >= int64(d)-int64(Margin/time.Second) {
				want = b.Height
			}
		}
		if got := l.table.At(Born{Height: Unborn, Date: d}); got != want {
			l.t.Fatalf("seed %d: the date %d begins with block %d, want %d", seed, d, got, want)
		}
	}
}

// TestTableFollowsTheChain: whatever blocks the chain leaves, what is born after a block is born
// after the last one that its chain has had in common with the wallet's since, and what is born at
// a date with the first block that is not older than a day before it.
func TestTableFollowsTheChain(t *testing.T) {
	for seed := range uint64(200) {
		l := newLedger(t, seed)
		for range 60 {
			switch l.rng.IntN(4) {
			case 0:
				l.leave(1 + l.rng.IntN(20))
			case 1:
				b := l.table.Keep(Birthday{After: l.tip().BlockID}, l.tip().Height, l.chain)
				if b.After == 0 {
					t.Fatalf("seed %d: the birthday after the tip is kept as %+v", seed, b)
				}
				l.after[b.After] = slices.Clone(l.chain)
			case 2:
				at := time.Unix(int64(l.tip().Time)+int64(l.rng.IntN(200_000)), 0)
				l.dates = append(l.dates, l.table.Keep(Birthday{Time: at}, l.tip().Height, l.chain).Date)
			}
			l.apply(l.rng.IntN(12))
			l.check(seed)
		}
	}
}

// TestEarliestIncludesBoth: the earliest of two birthdays begins where the first of them does.
func TestEarliestIncludesBoth(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	table := Table{}
	for i := range 3 {
		table.Anchors = append(table.Anchors, Anchor{BlockID: consensus.BlockID{Height: consensus.Height(10 + i)}})
		table.SetDate(uint32(100+i), consensus.Height(10+2*i))
	}
	some := func() Born {
		b := Born{Height: Unborn}
		if rng.IntN(2) == 0 {
			b.Height = consensus.Height(rng.IntN(20))
		}
		if rng.IntN(2) == 0 {
			b.After = uint32(1 + rng.IntN(3))
		}
		if rng.IntN(2) == 0 {
			b.Date = uint32(100 + rng.IntN(3))
		}
		return b
	}
	for range 5000 {
		a, b := some(), some()
		both := table.Earliest(a, b)
		if got, want := table.At(both), min(table.At(a), table.At(b)); got != want {
			t.Fatalf("the earliest of %+v and %+v is %+v, which begins at %d, not at %d", a, b, both, got, want)
		}
	}
}
