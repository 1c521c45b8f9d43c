package snapshottest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// Part is what a segment holds.
type Part struct {
	Headers []consensus.Header
	Filters [][]byte
}

// Snapshot is a snapshot in memory. It is a snapshot.Source once it is sealed.
type Snapshot struct {
	Params *consensus.Params
	Parts  []Part
	Files  map[string][]byte
}

// New returns a snapshot of the first segments of a chain, not sealed yet. It shares no
// memory with the chain.
func New(c *testnet.Chain, segments int) *Snapshot {
	s := &Snapshot{Params: c.Params()}
	blocks := snapshot.BlocksOf(s.Params)
	for i := range segments {
		var p Part
		for h := consensus.Height(i * blocks); h < consensus.Height((i+1)*blocks); h++ {
			p.Headers = append(p.Headers, *c.At(h))
			p.Filters = append(p.Filters, bytes.Clone(c.Filter(h)))
		}
		s.Parts = append(s.Parts, p)
	}
	return s
}

// Seal makes the files, with a manifest that fits them.
func (s *Snapshot) Seal() {
	s.Files = make(map[string][]byte)
	network := s.Params.ChainParams.Name
	var entries []string
	for i, p := range s.Parts {
		first := i * snapshot.BlocksOf(s.Params)
		last := first + snapshot.BlocksOf(s.Params) - 1
		var headers, table, filters []byte
		for j := range p.Headers {
			headers = append(headers, p.Headers[j][:]...)
		}
		for _, f := range p.Filters {
			table = binary.LittleEndian.AppendUint32(table, uint32(len(f)))
			filters = append(filters, f...)
		}
		filters = append(table, filters...)
		hash := p.Headers[len(p.Headers)-1].Hash()
		name := fmt.Sprintf("%s-%08d-%08d-%v", network, first, last, hash)
		s.Files[name+".headers"], s.Files[name+".filters"] = headers, filters
		entries = append(entries, fmt.Sprintf(`{"first":%d,"last":%d,"hash":"%v","headers":%s,"filters":%s}`,
			first, last, hash, blob(headers), blob(filters)))
	}
	s.Files[network+".json"] = fmt.Appendf(nil, `{"format":1,"network":%q,"blocks":%d,"segments":[%s]}`,
		network, snapshot.BlocksOf(s.Params), strings.Join(entries, ","))
}

func blob(b []byte) string { return fmt.Sprintf(`{"size":%d,"sha256":"%x"}`, len(b), sha256.Sum256(b)) }

// Write writes the files into a directory.
func (s *Snapshot) Write(dir string) error {
	for name, b := range s.Files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Name returns the name of the file of a segment with a suffix.
func (s *Snapshot) Name(segment int, suffix string) string {
	first := fmt.Sprintf("%s-%08d-", s.Params.ChainParams.Name, segment*snapshot.BlocksOf(s.Params))
	for name := range s.Files {
		if strings.HasPrefix(name, first) && strings.HasSuffix(name, suffix) {
			return name
		}
	}
	panic("snapshottest: no file " + first + suffix)
}

// Open implements snapshot.Source.
func (s *Snapshot) Open(_ context.Context, name string, from int64) (io.ReadCloser, int64, error) {
	b, ok := s.Files[name]
	if !ok {
		return nil, 0, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(b[min(from, int64(len(b))):])), int64(len(b)), nil
}

// Close implements snapshot.Source.
func (s *Snapshot) Close() error { return nil }

// String implements snapshot.Source.
func (s *Snapshot) String() string { return "memory" }

// Source makes a testnet.Chain a snapshot.Chain.
type Source struct{ *testnet.Chain }

// Scan implements snapshot.Chain.
func (s Source) Scan(from, to consensus.Height, fn func(id consensus.BlockID, h *consensus.Header, filter []byte) error) error {
	for h := from; h <= to; h++ {
		if err := fn(s.ID(h), s.At(h), s.Filter(h)); err != nil {
			return err
		}
	}
	return nil
}

// hashOf returns the hash of a header.
func hashOf(h *consensus.Header) *chainhash.Hash {
	hash := h.Hash()
	return &hash
}
