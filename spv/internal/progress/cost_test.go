package progress

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// nearly reports whether two numbers are the same but for rounding.
func nearly(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) }

func TestTheRatioFollowsTheBytes(t *testing.T) {
	var e cost
	e.receivedFilters(180*100, 100) // as much for a filter as for a header
	nobody := consensus.Height(math.MaxInt32)
	ratio, at := 0.0, positions{0, 0, nobody}
	for _, step := range []struct {
		to   positions
		want float64
	}{
		{positions{1000, 0, nobody}, 0.5},
		{positions{1000, 500, nobody}, 0.75},
		{positions{900, 500, nobody}, 0.75}, // a reorganisation takes nothing back
		{positions{1000, 1000, nobody}, almost},
	} {
		if ratio = e.advance(ratio, at, step.to, 1000); !nearly(ratio, step.want) {
			t.Errorf("at %+v the ratio is %v, want %v", step.to, ratio, step.want)
		}
		at = step.to
	}
}

func TestTheRatioFollowsTheScan(t *testing.T) {
	e := cost{fetching: time.Second}
	e.receivedFilters(200*1000, 1000)
	e.scripts = 20
	e.scanned(380*time.Millisecond, 100) // 3.8 ms a block: 760 bytes come in it, twice those of a block
	if got := e.advance(0, positions{}, positions{1000, 1000, 0}, 1000); !nearly(got, 1.0/3) {
		t.Errorf("when all is fetched the ratio is %v", got)
	}
	e.scripts = 10 // half as many, half as long
	if got := e.advance(0, positions{}, positions{1000, 1000, 0}, 1000); !nearly(got, 0.5) {
		t.Errorf("with half the scripts the ratio is %v", got)
	}
}

func TestLosingSyncCountsWhatIsMissing(t *testing.T) {
	var e cost
	for _, test := range []struct {
		missing consensus.Height
		least   float64
		most    float64
	}{{0, almost, almost}, {1, 0.98, 0.995}, {2016, 0.03, 0.06}, {1_000_000, 0, 0.001}} {
		at := positions{1_000_000, 1_000_000, 1_000_000}
		if got := e.lost(at, 1_000_000+test.missing); got < test.least || got > test.most {
			t.Errorf("%d blocks missing: %v", test.missing, got)
		}
		if got, least := e.lost(positions{1_000_000, 1_000_000, 1_000_000 - test.missing}, 1_000_000), LostAtLeast(test.missing); got < least {
			t.Errorf("%d blocks to scan: %v, less than %v", test.missing, got, least)
		}
	}
}

func TestTheTimeLeftIsOverAllStages(t *testing.T) {
	var e cost
	e.receivedFilters(200*1000, 1000)
	e.scripts = 20
	e.scanned(time.Millisecond, 100) // 10 µs a block
	nobody := consensus.Height(math.MaxInt32)
	for _, test := range []struct {
		name                     string
		at                       positions
		headers, filters, rescan float64
		want                     time.Duration
	}{
		{"nothing comes", positions{0, 0, 0}, 0, 0, 0, 0},
		{"headers and filters come", positions{0, 0, nobody}, 1000, 1000, 0, 100 * time.Second},
		{"only filters do, both are to", positions{50_000, 0, nobody}, 0, 1000, 0, 145 * time.Second},
		{"and a scan, which is quicker", positions{100_000, 0, 0}, 0, 1000, 0, 100 * time.Second},
		{"and a scan, which is slower", positions{100_000, 0, 0}, 0, 1000, 500, 200 * time.Second},
		{"a scan", positions{100_000, 100_000, 50_000}, 0, 0, 5000, 10 * time.Second},
		{"all done", positions{100_000, 100_000, 100_000}, 10, 10, 10, 0},
	} {
		if got := e.left(test.at, 100_000, test.headers, test.filters, test.rescan); !nearly(got.Seconds(), test.want.Seconds()) {
			t.Errorf("%s: %v left, want %v", test.name, got, test.want)
		}
	}
}

// TestPropertyTheRatioIsMonotone has random costs, reaches and targets.
func TestPropertyTheRatioIsMonotone(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 2))
		var e cost
		ratio, at := 0.0, positions{}
		height := func() consensus.Height { return consensus.Height(random.IntN(2000)) }
		for range 100 {
			e.receivedFilters(random.IntN(50_000), random.IntN(100))
			e.fetching += time.Duration(random.IntN(1000)) * time.Millisecond
			e.scripts = random.IntN(3)
			e.scanned(time.Duration(random.IntN(1000))*time.Millisecond, height())
			to := positions{height(), height(), height()}
			next := e.advance(ratio, at, to, height())
			if !(next >= ratio && next < 1) {
				t.Fatalf("seed %d: from %v to %v", seed, ratio, next)
			}
			ratio, at = next, to
		}
	}
}
