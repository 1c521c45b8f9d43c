package snapshot_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/spv/consensus"
)

// FuzzParseManifest: what passes is within all bounds, and is the same after it is encoded
// and parsed again; what does not is a fault.
func FuzzParseManifest(f *testing.F) {
	c := eras(f, 600)
	p := c.Params()
	for _, forgery := range snapshottest.Forgeries() {
		if b := forged(c, &forgery).Files[snapshot.ManifestName(p)]; len(b) < 1<<16 {
			f.Add(b)
		}
	}
	s := snapshottest.New(c, 2)
	s.Seal()
	f.Add(s.Files[snapshot.ManifestName(p)])
	f.Add(snapshot.NewManifest(p).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := snapshot.ParseManifest(p, b)
		if err != nil {
			var fault *snapshot.Fault
			if !errors.As(err, &fault) || fault.Reason == 0 || fault.Detail == "" {
				t.Fatalf("got %v", err)
			}
			return
		}
		if m.Network != "simnet" || len(m.Segments) > snapshot.MaxSegments || m.Blocks > snapshot.SegmentBlocks || m.Blocks < 1 {
			t.Fatalf("passed: %+v", m)
		}
		for i, s := range m.Segments {
			if int(s.First) != i*m.Blocks || s.Blocks() != m.Blocks || s.Headers.Size != int64(m.Blocks*consensus.HeaderSize) || s.Filters.Size > snapshot.MaxFilters || s.Filters.Size < 0 {
				t.Fatalf("passed: %+v", s)
			}
		}
		again, err := snapshot.ParseManifest(p, m.Encode())
		if err != nil || !bytes.Equal(again.Encode(), m.Encode()) {
			t.Fatalf("not the same after it was encoded: %v", err)
		}
	})
}

// FuzzSegment: of files with any bytes, only blocks of the chain are delivered.
func FuzzSegment(f *testing.F) {
	c := eras(f, 520)
	late := snapshottest.New(c, 4)
	late.Seal()
	headers, filters := late.Files[late.Name(3, ".headers")], late.Files[late.Name(3, ".filters")]
	m, err := snapshot.Load(f.Context(), late, late.Params)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(headers, filters, 0)
	f.Add(headers[:100], filters[:600], 10)
	f.Add(headers, filters[:512], 100)
	f.Add(bytes.Repeat(headers[:180], 128), bytes.Repeat([]byte{255}, 600), 3)
	f.Fuzz(func(t *testing.T, headers, filters []byte, skip int) {
		if len(filters) < 4*128 {
			t.SkipNow() // no manifest that passes has such a size
		}
		s := &snapshottest.Snapshot{Params: late.Params, Files: map[string][]byte{
			late.Name(3, ".headers"): headers, late.Name(3, ".filters"): filters,
		}}
		sized := m.Clone()
		sized.Segments[3].Filters.Size = int64(len(filters))
		from := sized.Segments[3].First + consensus.Height(uint(skip)%128)
		r := snapshot.Reader{Params: s.Params, Source: s, Manifest: sized, From: from}
		next := from
		err := r.Run(t.Context(), func(p *snapshot.Piece) error {
			for i, hash := range p.Headers.Hashes {
				if next == from && hash != c.ID(next).Hash { // nothing says yet what comes before
					t.SkipNow()
				}
				if hash != c.ID(next).Hash || !bytes.Equal(p.Filters.Filter(i), c.Filter(next)) {
					t.Fatalf("block %d was delivered with other bytes", next)
				}
				next++
			}
			return nil
		})
		var fault *snapshot.Fault
		if err != nil && !errors.As(err, &fault) || err == nil && next != 512 {
			t.Fatalf("ended before block %d: %v", next, err)
		}
	})
}
