package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spvd/spvd/internal/bench/client"
	"github.com/spvd/spvd/internal/bench/floor"
	"github.com/spvd/spvd/internal/bench/meter"
	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// ImportJob is what a process that imports a snapshot, or does the least of it, has to do.
type ImportJob struct {
	Snapshot string // the directory to read
	Dir      string // where the store goes
	Tip      consensus.Height
}

// Import measures an import into an empty store.
func Import(ctx context.Context, j ImportJob) (Measured, error) {
	own := Job{Dir: j.Dir}
	return own.measure(nil, func() error {
		return client.Import(ctx, consensus.SimNet(), snapshot.Dir(j.Snapshot), j.Dir, j.Tip)
	})
}

// ImportFloor measures the least that it could take: see [floor.Files].
func ImportFloor(ctx context.Context, j ImportJob) (Measured, error) {
	own := Job{Dir: j.Dir}
	return own.measure(nil, func() error { return floor.Files(ctx, consensus.SimNet(), j.Snapshot, j.Dir) })
}

// ImportProof measures the proofs alone: the floor without a file that is written.
func ImportProof(ctx context.Context, j ImportJob) (Measured, error) {
	own := Job{Dir: j.Dir}
	return own.measure(nil, func() error { return floor.Files(ctx, consensus.SimNet(), j.Snapshot, "") })
}

// ImportResult is what was measured of imports. Each is that of the turn with the median wall
// time.
type ImportResult struct {
	Blocks  int
	Payload int64 // bytes of the snapshot
	Import  Measured
	Floor   Measured
	Proof   Measured
}

// RunImport writes a snapshot of a chain with segments of the size of the main network, and
// measures imports of it.
func RunImport(ctx context.Context, cfg Config, blocks int) (res ImportResult, err error) {
	dir, err := os.MkdirTemp(cfg.Dir, "importbench-")
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	job := ImportJob{Snapshot: filepath.Join(dir, "snapshot")}
	if job.Tip, err = writeSnapshot(ctx, cfg, blocks, job.Snapshot); err != nil {
		return res, err
	}
	res.Blocks = int(job.Tip) + 1
	if res.Payload, err = sizeOf(job.Snapshot); err != nil {
		return res, err
	}
	job.Dir = filepath.Join(dir, "store")
	turns := make(map[string][]Measured)
	for range cfg.Turns {
		for _, role := range []string{roleImportProof, roleImportFloor, roleImport} {
			m, err := importInto(ctx, role, job)
			if err != nil {
				return res, err
			}
			turns[role] = append(turns[role], m)
		}
	}
	wall := func(m Measured) time.Duration { return m.Wall }
	res.Import, res.Floor = meter.Median(turns[roleImport], wall), meter.Median(turns[roleImportFloor], wall)
	res.Proof = meter.Median(turns[roleImportProof], wall)
	return res, nil
}

// importInto has a process do its role in an empty directory, which is removed again.
func importInto(ctx context.Context, role string, job ImportJob) (Measured, error) {
	if err := os.Mkdir(job.Dir, 0o700); err != nil {
		return Measured{}, err
	}
	m, err := measure(ctx, role, job)
	return m, errors.Join(err, os.RemoveAll(job.Dir))
}

// writeSnapshot writes the whole segments of a chain, and returns the height of the last block.
func writeSnapshot(ctx context.Context, cfg Config, blocks int, dir string) (consensus.Height, error) {
	c, err := testnet.Generate(ctx, testnet.Config{Seed: 1, Blocks: blocks, Start: testnet.DefaultStart(), CacheDir: cfg.CacheDir})
	if err != nil {
		return 0, err
	}
	w := snapshot.Writer{Params: consensus.SimNet(), Dir: dir, Blocks: snapshot.SegmentBlocks}
	m, err := w.Open(ctx)
	if err != nil {
		return 0, err
	}
	for i := range (blocks + 1) / snapshot.SegmentBlocks {
		s, err := w.Write(ctx, snapshottest.Source{Chain: c}, i)
		if err != nil {
			return 0, err
		}
		m.Segments = append(m.Segments, s)
	}
	last, ok := m.Last()
	if !ok {
		return 0, fmt.Errorf("%d blocks are no segment of %d", blocks, snapshot.SegmentBlocks)
	}
	return last.Height, w.Publish(m)
}

// WriteImports prints a table of imports.
func WriteImports(w io.Writer, results []ImportResult) error {
	fmt.Fprintln(w, "\n| blocks | MB | import, s | floor, s | ratio | proofs alone, s | processor, s | of the floor, s | of the proofs, s | "+
		"anonymous memory, MiB | store / snapshot |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range results {
		_, err := fmt.Fprintf(w, "| %d | %.0f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %d | %.2f |\n",
			r.Blocks, float64(r.Payload)/1e6,
			r.Import.Wall.Seconds(), r.Floor.Wall.Seconds(), r.Import.Wall.Seconds()/r.Floor.Wall.Seconds(), r.Proof.Wall.Seconds(),
			r.Import.CPU().Seconds(), r.Floor.CPU().Seconds(), r.Proof.CPU().Seconds(),
			r.Import.PeakRSS>>20, float64(r.Import.Stored)/float64(r.Payload))
		if err != nil {
			return err
		}
	}
	return nil
}
