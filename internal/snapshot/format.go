package snapshot

import (
	"fmt"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// Format is the version of the format that this package reads and writes.
const Format = 1

const (
	// SegmentBlocks is the number of blocks of a segment, genesis block included in the
	// first one.
	SegmentBlocks = 16_384

	// SimNetBlocks is the same on the simulation network, whose chains are short.
	SimNetBlocks = 128

	// leastBlocks is the least number of blocks of a segment that is read.
	leastBlocks = 64

	// SafeDepth is how many blocks are on top of the last block of a segment before it is
	// written.
	SafeDepth = 256
)

// Limits on what is read, whatever a manifest says.
const (
	// MaxManifest is the size of the largest manifest in bytes.
	MaxManifest = 4 << 20

	// MaxSegments is the greatest number of segments in a manifest.
	MaxSegments = 8_192

	// MaxFilters is the size of the largest file of filters in bytes. Full blocks have
	// filters of about 10 kB.
	MaxFilters = 256 << 20
)

// lengthSize is the size of an entry of the table that a file of filters begins with: the
// size of a filter in bytes, little-endian.
const lengthSize = 4

// Suffixes of the names of files.
const (
	headersSuffix = ".headers"
	filtersSuffix = ".filters"
	jsonSuffix    = ".json"
)

// BlocksOf returns the number of blocks of a segment of a network.
func BlocksOf(p *consensus.Params) int {
	if p.ChainParams.Net == wire.SimNet {
		return SimNetBlocks
	}
	return SegmentBlocks
}

// validBlocks reports whether segments may have so many blocks: a power of two within
// bounds.
func validBlocks(n int) bool { return n >= leastBlocks && n <= SegmentBlocks && n&(n-1) == 0 }

// ManifestName returns the name of the manifest of a network.
func ManifestName(p *consensus.Params) string { return p.ChainParams.Name + jsonSuffix }

// Segment is a run of consecutive blocks with the files that hold them.
type Segment struct {
	// First and Last are the heights of its blocks, and Hash is the hash of the last one.
	First, Last consensus.Height
	Hash        chainhash.Hash

	// Headers and Filters are the files.
	Headers, Filters Blob
}

// Blob is a file that never changes.
type Blob struct {
	Size   int64    // in bytes
	SHA256 [32]byte // over all bytes
}

// Blocks returns the number of blocks of the segment.
func (s *Segment) Blocks() int { return int(s.Last-s.First) + 1 }

// HeadersName and FiltersName return the names of the files in the snapshot of a network.
func (s *Segment) HeadersName(p *consensus.Params) string { return s.name(p) + headersSuffix }

// FiltersName returns the name of the file of filters.
func (s *Segment) FiltersName(p *consensus.Params) string { return s.name(p) + filtersSuffix }

func (s *Segment) name(p *consensus.Params) string {
	return fmt.Sprintf("%s-%08d-%08d-%v", p.ChainParams.Name, s.First, s.Last, s.Hash)
}

// String returns the range of the segment.
func (s *Segment) String() string { return fmt.Sprintf("segment %d–%d", s.First, s.Last) }

// Manifest lists the segments of a snapshot, from the genesis block on without a gap.
type Manifest struct {
	Network  string // the name of the network
	Blocks   int    // of each segment
	Segments []Segment
}

// NewManifest returns the manifest of a snapshot of a network without segments.
func NewManifest(p *consensus.Params) *Manifest {
	return &Manifest{Network: p.ChainParams.Name, Blocks: BlocksOf(p)}
}

// Last returns the last block of the snapshot; ok is false if it has no segments.
func (m *Manifest) Last() (id consensus.BlockID, ok bool) {
	if len(m.Segments) == 0 {
		return id, false
	}
	s := &m.Segments[len(m.Segments)-1]
	return consensus.BlockID{Height: s.Last, Hash: s.Hash}, true
}

// Clone returns a copy that shares nothing with m.
func (m *Manifest) Clone() *Manifest {
	c := *m
	c.Segments = slices.Clone(m.Segments)
	return &c
}
