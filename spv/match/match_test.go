package match

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// twin is the verdict of gcs/v4, which panics when it is given empty scripts.
func twin(t testing.TB, key [16]byte, filter []byte, scripts [][]byte) bool {
	t.Helper()
	f, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, filter)
	if err != nil {
		t.Fatalf("the twin cannot read the filter: %v", err)
	}
	return f.MatchAny(key, filled(scripts))
}

// filled returns the scripts that are not empty.
func filled(scripts [][]byte) [][]byte {
	return slices.DeleteFunc(slices.Clone(scripts), func(s []byte) bool { return len(s) == 0 })
}

// encode makes a filter of entries.
func encode(t testing.TB, key [16]byte, entries [][]byte) []byte {
	t.Helper()
	f, err := gcs.NewFilterV2(blockcf2.B, blockcf2.M, key, entries)
	if err != nil {
		t.Fatal(err)
	}
	return f.Bytes()
}

// randomKey returns the key of some block.
func randomKey(r *rand.Rand) (key [16]byte) {
	for i := range key {
		key[i] = byte(r.Uint32())
	}
	return key
}

// randomScripts returns scripts of the usual lengths, and of others, and empty.
func randomScripts(r *rand.Rand, n int) [][]byte {
	usual := []int{25, 25, 25, 23, 35, 67}
	list := make([][]byte, n)
	for i := range list {
		size := usual[r.IntN(len(usual))]
		if r.IntN(5) == 0 {
			size = r.IntN(90)
		}
		list[i] = randomBytes(r, size)
	}
	return list
}

// randomBytes returns so many bytes.
func randomBytes(r *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// TestAnyAgreesWithTheTwin holds that the verdict is that of gcs/v4, whatever the
// sizes, however the scripts are divided between sets, and in each way to hash.
func TestAnyAgreesWithTheTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var m Matcher
	hits := 0
	for range 3000 {
		entries := randomScripts(r, r.IntN(1<<r.IntN(12)))
		scripts := randomScripts(r, r.IntN(1<<r.IntN(8)))
		if len(entries) > 0 && r.IntN(2) == 0 {
			scripts = slices.Insert(scripts, r.IntN(len(scripts)+1), entries[r.IntN(len(entries))])
		}
		key := randomKey(r)
		filter := encode(t, key, entries)
		cut := r.IntN(len(scripts) + 1)
		want := twin(t, key, filter, scripts)
		for _, lanes := range ways() {
			got, err := m.Any(key, filter, newSet(scripts[:cut], lanes), newSet(scripts[cut:], lanes))
			if err != nil || got != want {
				t.Fatalf("%d scripts in %d lanes, %d entries: got %v, %v, want %v", len(scripts), lanes, len(entries), got, err, want)
			}
		}
		if want {
			hits++
		}
	}
	if hits < 500 {
		t.Errorf("only %d filters matched", hits)
	}
}

// TestEveryEntryMatches holds that no entry of a filter is overlooked: each by
// itself matches, in filters up to the size at which the bitmap is full.
func TestEveryEntryMatches(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var m Matcher
	for _, n := range []int{1, 2, 3, 45, 120, 5000, 20_000} {
		entries, key := randomScripts(r, n), randomKey(r)
		filter := encode(t, key, entries)
		for _, e := range entries[:min(n, 300)] {
			if len(e) == 0 {
				continue
			}
			if hit, err := m.Any(key, filter, NewSet([][]byte{e})); err != nil || !hit {
				t.Fatalf("an entry of %d bytes among %d: %v, %v", len(e), n, hit, err)
			}
		}
	}
}

// TestFalseMatches holds that hashes which only come near a value do not match: of
// so many scripts about 13 match by chance, and the same ones as for the twin.
func TestFalseMatches(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var m Matcher
	scripts := randomScripts(r, 20_000)
	set, found := NewSet(scripts), 0
	for range 500 {
		key := randomKey(r)
		filter := encode(t, key, randomScripts(r, 60))
		got, err := m.Any(key, filter, set)
		if want := twin(t, key, filter, scripts); err != nil || got != want {
			t.Fatalf("got %v, %v, want %v", got, err, want)
		}
		if got {
			found++
		}
	}
	if found == 0 || found > 40 {
		t.Errorf("%d of 500 filters match by chance, want about 13", found)
	}
}

// TestRealFilters compares the verdicts about the filters of a chain, with its own
// scripts and others.
func TestRealFilters(t *testing.T) {
	c, err := testnet.Generate(context.Background(), testnet.Config{Seed: 1, Blocks: 400})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 8))
	scripts := randomScripts(r, 50)
	for h := consensus.Height(1); h <= c.Height(); h += 40 {
		for _, tx := range c.Block(h).Transactions {
			scripts = append(scripts, tx.TxOut[0].PkScript)
		}
	}
	var m Matcher
	set, hits := NewSet(scripts), 0
	for h := range c.Height() + 1 {
		key, filter := c.At(h).FilterKey(), c.Filter(h)
		got, err := m.Any(key, filter, set)
		if want := twin(t, key, filter, scripts); err != nil || got != want {
			t.Fatalf("block %d: got %v, %v, want %v", h, got, err, want)
		}
		if got {
			hits++
		}
	}
	if hits < 10 || hits > 390 {
		t.Errorf("%d of 400 filters match", hits)
	}
}

// TestMalformed holds that what cannot be decoded is an error, wherever it ends.
func TestMalformed(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	key := randomKey(r)
	filter := encode(t, key, randomScripts(r, 300))
	var m Matcher
	set := NewSet(randomScripts(r, 3))
	for cut := 1; cut < len(filter)-1; cut++ {
		if _, err := m.Any(key, filter[:cut], set); !errors.Is(err, ErrMalformed) {
			t.Fatalf("cut off after %d of %d bytes: %v", cut, len(filter), err)
		}
	}
	for name, data := range map[string][]byte{
		"nothing but a number": {1},
		"half a number":        {0xfd, 1},
		"a number too long":    {0xfd, 1, 0, 0xff, 0xff, 0xff, 0xff},
		"an endless quotient":  slices.Repeat([]byte{0xff}, 100),
		"more than there can":  {0xff, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3},
		"only ones":            append([]byte{1}, slices.Repeat([]byte{0xff}, 50)...),
	} {
		if _, err := m.Any(key, data, set); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if hit, err := m.Any(key, nil, set); hit || err != nil {
		t.Errorf("an empty filter: %v, %v", hit, err)
	}
}

// TestNothingIsAllocated holds that matching allocates nothing once a filter of
// the size has been seen.
func TestNothingIsAllocated(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	key := randomKey(r)
	filter := encode(t, key, randomScripts(r, 200))
	set, more := NewSet(randomScripts(r, 100)), NewSet(randomScripts(r, 10))
	var m Matcher
	n := testing.AllocsPerRun(100, func() {
		if _, err := m.Any(key, filter, set, more); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for a filter", n)
	}
}
