//go:build unix

package chain

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// benchBlocks is the length of the chain that benchmarks work on.
const benchBlocks = 100_000

// prepared is a chain as the syncer gets it: batches that were proven on other
// goroutines.
type prepared struct {
	p       *consensus.Params
	headers []*consensus.HeaderBatch
	filters []*consensus.FilterBatch
	now     time.Time
	payload int64 // bytes of headers and filters
}

func prepare(b *testing.B, n int) *prepared {
	b.Helper()
	s := &prepared{p: consensus.SimNet()}
	blocks := newTestChain(b, s.p).mine(b, s.p, random(9), n, 200, 1)
	s.now = blocks.now()
	for from := consensus.Height(1); from <= blocks.height(); from += 2000 {
		s.headers = append(s.headers, blocks.batch(b, s.p, from, min(from+1999, blocks.height())))
	}
	for from := consensus.Height(1); from <= blocks.height(); from += 100 {
		var targets []consensus.FilterTarget
		for h := from; h < from+100 && h <= blocks.height(); h++ {
			targets = append(targets, consensus.FilterTarget{BlockID: blocks.id(h), Root: blocks.testBranch[h].StakeRoot()})
			s.payload += consensus.HeaderSize + int64(len(blocks.filters[h]))
		}
		s.filters = append(s.filters, blocks.filterBatch(b, s.p, targets))
	}
	return s
}

// sync stages everything, header batches ahead of their filters, and flushes
// whenever enough is staged.
func (s *prepared) sync(b *testing.B, c *Chain, flushAt int) {
	b.Helper()
	filters := s.filters
	for _, batch := range s.headers {
		if _, err := c.Extend(batch, 1, s.now); err != nil {
			b.Fatal(err)
		}
		for len(filters) > 0 && filters[0].Last().Height <= c.Staged().Tip.Height {
			if err := c.AddFilters(filters[0]); err != nil {
				b.Fatal(err)
			}
			filters = filters[1:]
		}
		if c.Pending() < flushAt {
			continue
		}
		if err := c.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	if err := c.Flush(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAppend measures the writer: context rules, fork choice and store.
// It reports processor time per block, and by how much the file and what was
// written to it exceed the payload.
func BenchmarkAppend(b *testing.B) {
	s := prepare(b, benchBlocks)
	path := filepath.Join(b.TempDir(), "chain.db")
	for b.Loop() {
		_ = os.Remove(path)
		c, err := Open(Config{Path: path, Params: s.p}) // which waits for the disk
		if err != nil {
			b.Fatal(err)
		}
		cpu, written := usage(b)
		start := time.Now()
		s.sync(b, c, 4<<20)
		took := time.Since(start)
		cpuAfter, writtenAfter := usage(b)
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
		var stat syscall.Stat_t
		if err := syscall.Stat(path, &stat); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(cpuAfter-cpu)/benchBlocks, "cpu-ns/block")
		b.ReportMetric(benchBlocks/took.Seconds(), "blocks/s")
		b.ReportMetric((writtenAfter-written)/float64(s.payload), "written/payload")
		b.ReportMetric(float64(stat.Size)/float64(s.payload), "size/payload")
		b.ReportMetric(float64(stat.Blocks*512)/float64(s.payload), "disk/payload")
	}
}

// usage returns the processor time and the bytes written by this process.
func usage(b *testing.B) (cpu time.Duration, written float64) {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), float64(r.Oublock) * 512
}

// BenchmarkScan measures a reader that looks at every block.
func BenchmarkScan(b *testing.B) {
	s := prepare(b, benchBlocks)
	c := testStore(b, s.p)
	s.sync(b, c, 4<<20)
	b.SetBytes(s.payload)
	for b.Loop() {
		n := 0
		if err := c.Scan(0, benchBlocks, func(consensus.BlockID, *consensus.Header, []byte) error { n++; return nil }); err != nil || n != benchBlocks+1 {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkOpen measures a restart.
func BenchmarkOpen(b *testing.B) {
	s := prepare(b, benchBlocks)
	cfg := Config{Path: filepath.Join(b.TempDir(), "chain.db"), Params: s.p}
	c := reopen(b, cfg)
	s.sync(b, c, 4<<20)
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		c, err := Open(cfg)
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeightOf measures the search for blocks by hash, and for hashes that
// are of no block.
func BenchmarkHeightOf(b *testing.B) {
	s := prepare(b, benchBlocks)
	c := testStore(b, s.p)
	s.sync(b, c, 4<<20)
	b.Run("known", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			batch := s.headers[i%len(s.headers)]
			if _, err := c.HeightOf(batch.Hashes[i%len(batch.Hashes)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unknown", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.HeightOf(consensus.FilterHash([]byte{1})); err == nil {
				b.Fatal("found")
			}
		}
	})
}
