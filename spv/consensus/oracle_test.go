package consensus

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// splitmix is the generator that the chains of testdata were grown with.
type splitmix uint64

func (r *splitmix) next() int64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int64((z ^ z>>31) >> 1)
}

// suffix is a branch of which the headers below a height are out of reach.
type suffix struct {
	base    Height
	headers []Header
}

func (s *suffix) At(h Height) *Header {
	if h < s.base || int(h-s.base) >= len(s.headers) {
		return nil
	}
	return &s.headers[h-s.base]
}

// story is a chain of testdata/difficulty.txt.
type story struct {
	net, kind, price string
	base             Height
	blocks           int64
	seed             splitmix
}

// params returns the network of the story. All of them are of the time before
// DCP0011.
func (s *story) params(t *testing.T) *Params {
	p := network(t, s.net)
	p.DCP0011 = Never
	if s.price == "v1" {
		p.DCP0001 = Never
	}
	return p
}

// first returns the header that the story begins with.
func (s *story) first(p *Params) Header {
	if s.base == 0 {
		return p.Genesis()
	}
	start := map[string]uint32{"mainnet": 0x1a1b2c3d, "testnet3": 0x1d07ffff}
	var h Header
	h.put32(offHeight, uint32(s.base))
	h.put32(offBits, start[s.net])
	h.put64(offSBits, 2_000_000_000)
	h.put32(offPoolSize, 40_000)
	h.put32(offTimestamp, 1_500_000_000)
	return h
}

// next returns block i of the story without target and price.
func (s *story) next(p *Params, parent *Header, i int64) (h Header) {
	r1, r2, r3 := s.seed.next(), s.seed.next(), s.seed.next()
	height := parent.Height() + 1
	target := int64(p.ChainParams.TargetTimePerBlock.Seconds())

	pace := []int64{100, 25, 100, 400, 100, 60, 170}[i/700%7]
	gap := 1 + r1%max(2*target*pace/100, 1)
	switch {
	case height >= 962_928:
		gap = 1 + r1%target
	case s.net == "testnet3" && r3%31 == 0:
		gap = 590 + r1%400
	}
	full := int64(p.ChainParams.TicketPoolSize) * int64(p.ChainParams.TicketsPerBlock)
	pool := full*(60+i/400*17%90)/100 + r3%100
	if s.kind == "wild" {
		gap = r1%(6*target) - 2*target
		pool = r3 % (full * 3 / 2)
	}
	h.put32(offHeight, uint32(height))
	h.put32(offTimestamp, uint32(parent.Timestamp()+gap))
	h[offFreshStake] = byte(r2 % ([]int64{7, 0, 10, 20, 12}[i/900%5] + 1))
	h.put32(offPoolSize, uint32(pool))
	return h
}

// told is what the reference node says of a block.
type told struct {
	bits uint32
	sbit int64
}

// TestReferenceDifficulty holds the targets and prices of whole chains against
// those of the reference node, at every block.
func TestReferenceDifficulty(t *testing.T) {
	for s, want := range stories(t) {
		t.Run(fmt.Sprintf("%s from %d, %s %s", s.net, s.base, s.kind, s.price), func(t *testing.T) {
			p := s.params(t)
			chain := &suffix{s.base, []Header{s.first(p)}}
			for i := int64(1); i <= s.blocks; i++ {
				parent := chain.headers[len(chain.headers)-1]
				h := s.next(p, &parent, i)
				is, changed := want[h.Height()]
				if !changed {
					is = told{parent.Bits(), parent.sBits()}
				}
				h.put32(offBits, is.bits)
				h.put64(offSBits, is.sbit)
				if s.base == 0 || i > 3024 {
					got := told{NextBits(p, chain, parent.Height(), h.Timestamp()), NextSBits(p, chain, parent.Height())}
					if got != is {
						t.Fatalf("block %d: got %08x %d, want %08x %d", h.Height(), got.bits, got.sbit, is.bits, is.sbit)
					}
				}
				chain.headers = append(chain.headers, h)
			}
		})
	}
}

// stories reads testdata/difficulty.txt.
func stories(t *testing.T) map[*story]map[Height]told {
	t.Helper()
	all := make(map[*story]map[Height]told)
	var blocks map[Height]told
	for line := range testLines(t, "testdata/difficulty.txt") {
		var s story
		if _, err := fmt.Sscanf(line, "chain %s %d %d %d %s %s", &s.net, &s.base, &s.blocks, &s.seed, &s.kind, &s.price); err == nil {
			blocks = make(map[Height]told)
			all[&s] = blocks
			continue
		}
		var h Height
		var is told
		if _, err := fmt.Sscanf(line, "%d %x %d", &h, &is.bits, &is.sbit); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		blocks[h] = is
	}
	if len(all) == 0 {
		t.Fatal("no chains")
	}
	return all
}

// TestReferencePrices holds the formula of DCP0001 and the supply estimate
// against the reference node.
func TestReferencePrices(t *testing.T) {
	n := 0
	for line := range testLines(t, "testdata/prices.txt") {
		var net string
		var height, old, before, now, supply, price int64
		if _, err := fmt.Sscan(line, &net, &height, &old, &before, &now, &supply, &price); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		p := network(t, net)
		if got := estimateSupply(p, height, math.MaxInt64); got != supply {
			t.Errorf("%s: got supply %d", line, got)
		}
		if got := priceV2(p, height, old, before, now); got != price {
			t.Errorf("%s: got price %d", line, got)
		}
		n++
	}
	if n < 100 {
		t.Errorf("only %d prices", n)
	}
}

// network returns the parameters of a network.
func network(t *testing.T, name string) *Params {
	t.Helper()
	for _, p := range []*Params{MainNet(), TestNet3(), SimNet()} {
		if p.ChainParams.Name == name {
			return p
		}
	}
	t.Fatalf("no network %q", name)
	return nil
}

// testLines yields the lines of a file that are neither empty nor comments.
func testLines(t *testing.T, file string) func(func(string) bool) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return func(yield func(string) bool) {
		for s := bufio.NewScanner(f); s.Scan(); {
			if line := s.Text(); line != "" && !strings.HasPrefix(line, "#") && !yield(line) {
				return
			}
		}
	}
}
