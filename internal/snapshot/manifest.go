package snapshot

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// fileManifest is the JSON form of a manifest.
type fileManifest struct {
	Format   int          `json:"format"`
	Network  string       `json:"network"`
	Blocks   int          `json:"blocks"`
	Segments fileSegments `json:"segments"`
}

// fileSegments are at most MaxSegments segments, and one more if there are more: a segment can be
// written with two bytes.
type fileSegments []fileSegment

// UnmarshalJSON implements json.Unmarshaler.
func (list *fileSegments) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	switch t, err := d.Token(); {
	case err != nil:
		return err
	case t == nil: // null
		return nil
	case t != json.Delim('['):
		return errors.New("the segments are no list")
	}
	*list = nil
	for d.More() && len(*list) <= MaxSegments {
		var s fileSegment
		if err := d.Decode(&s); err != nil {
			return err
		}
		*list = append(*list, s)
	}
	return nil
}

// fileSegment is the JSON form of a segment. Hash is a block hash in the usual reversed
// form.
type fileSegment struct {
	First   int64    `json:"first"`
	Last    int64    `json:"last"`
	Hash    string   `json:"hash"`
	Headers fileBlob `json:"headers"`
	Filters fileBlob `json:"filters"`
}

type fileBlob struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Encode returns the JSON form, one segment a line.
func (m *Manifest) Encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"format\":%d,\"network\":%q,\"blocks\":%d,\"segments\":[", Format, m.Network, m.Blocks)
	for i := range m.Segments {
		if i > 0 {
			b.WriteByte(',')
		}
		s := &m.Segments[i]
		fmt.Fprintf(&b, "\n{\"first\":%d,\"last\":%d,\"hash\":\"%v\",\n \"headers\":%s,\n \"filters\":%s}",
			s.First, s.Last, s.Hash, s.Headers.encode(), s.Filters.encode())
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

func (b *Blob) encode() string {
	return fmt.Sprintf("{\"size\":%d,\"sha256\":\"%x\"}", b.Size, b.SHA256)
}

// ParseManifest reads the manifest of a snapshot of a network. Of a version or a network
// other than these it looks at nothing else. Unknown keys, values outside of
// their bounds, and gaps between the segments are refused. Every error is a [*Fault].
func ParseManifest(p *consensus.Params, b []byte) (*Manifest, error) {
	if len(b) > MaxManifest {
		return nil, fault(Oversized, "the manifest has more than %d bytes", MaxManifest)
	}
	var head struct {
		Format  int    `json:"format"`
		Network string `json:"network"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fault(Malformed, "the manifest is not JSON of the documented form").because(err)
	}
	switch {
	case head.Format != Format:
		return nil, fault(OtherFormat, "the manifest has format %d, and this program reads format %d", head.Format, Format)
	case head.Network != p.ChainParams.Name:
		return nil, fault(OtherNetwork, "the manifest is of the network %q and not of %q",
			short(head.Network), p.ChainParams.Name)
	}
	var file fileManifest
	if err := strictly(b, &file); err != nil {
		return nil, fault(Malformed, "the manifest is not JSON of the documented form").because(err)
	}
	switch {
	case !validBlocks(file.Blocks):
		return nil, fault(Malformed, "the manifest says that segments have %d blocks, which is no power of two from %d to %d",
			file.Blocks, leastBlocks, SegmentBlocks)
	case len(file.Segments) > MaxSegments:
		return nil, fault(Oversized, "the manifest has more than %d segments", MaxSegments)
	}
	m := &Manifest{Network: file.Network, Blocks: file.Blocks, Segments: make([]Segment, len(file.Segments))}
	for i := range file.Segments {
		if err := m.take(i, &file.Segments[i]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// strictly decodes JSON without unknown keys and anything after the value.
func strictly(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the manifest")
	}
	return nil
}

// take checks the segment with an index and puts it into the manifest.
func (m *Manifest) take(i int, f *fileSegment) error {
	first := int64(i) * int64(m.Blocks)
	last := first + int64(m.Blocks) - 1
	if f.First != first || f.Last != last {
		return fault(Malformed, "segment number %d of the manifest is of the blocks %d–%d and not of %d–%d",
			i+1, f.First, f.Last, first, last)
	}
	s := &m.Segments[i]
	s.First, s.Last = consensus.Height(first), consensus.Height(last)
	hash, err := chainhash.NewHashFromStr(f.Hash)
	if err != nil || len(f.Hash) != chainhash.MaxHashStringSize || hash.String() != f.Hash {
		return fault(Malformed, "the manifest has %q in the place of a block hash", short(f.Hash)).of(s)
	}
	s.Hash = *hash
	if want := int64(m.Blocks) * consensus.HeaderSize; f.Headers.Size != want {
		return fault(Malformed, "the manifest says that the headers take %d bytes, which is not %d",
			f.Headers.Size, want).of(s)
	}
	least := int64(m.Blocks) * lengthSize
	switch {
	case f.Filters.Size < least:
		return fault(Malformed, "the manifest says that the filters take %d bytes, which is less than %d",
			f.Filters.Size, least).of(s)
	case f.Filters.Size > MaxFilters:
		return fault(Oversized, "the manifest says that the filters take %d bytes, which is more than %d",
			f.Filters.Size, MaxFilters).of(s)
	}
	if s.Headers, err = f.Headers.parse(); err == nil {
		s.Filters, err = f.Filters.parse()
	}
	if err != nil {
		return fault(Malformed, "%v", err).of(s)
	}
	return nil
}

func (f *fileBlob) parse() (Blob, error) {
	b := Blob{Size: f.Size}
	sum, err := hex.DecodeString(f.SHA256)
	if err != nil || len(sum) != len(b.SHA256) || hex.EncodeToString(sum) != f.SHA256 {
		return b, fmt.Errorf("the manifest has %q in the place of a SHA-256", short(f.SHA256))
	}
	copy(b.SHA256[:], sum)
	return b, nil
}

// short returns the beginning of a text of a manifest.
func short(s string) string { return s[:min(len(s), 80)] }
