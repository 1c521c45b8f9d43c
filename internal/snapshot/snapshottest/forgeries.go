package snapshottest

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"slices"
	"strings"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/snapshot"
	"github.com/spvd/spvd/spv/consensus"
)

// Forgery is something wrong with a snapshot.
type Forgery struct {
	Name string

	// Forge spoils a sealed snapshot of four segments of a chain with the rules of
	// testnet.Eras. It may change the parameters that the snapshot is judged by, which are
	// its own copy.
	Forge func(s *Snapshot)

	// Reason is what a reader finds that compares the SHA-256 of each file, and Says a part of
	// the sentence.
	Reason snapshot.Reason
	Says   string

	// Otherwise is what a reader finds that does not compare it; zero if that is Reason too.
	Otherwise snapshot.Reason

	// Kept is how many segments before the fault are right.
	Kept int
}

// Forgeries returns all of them.
func Forgeries() []Forgery {
	return slices.Concat(badManifests(), badFiles(), badBlocks(), badChains())
}

// text replaces the first occurrence of a text in the manifest.
func text(old, replacement string) func(*Snapshot) {
	return func(s *Snapshot) {
		name := snapshot.ManifestName(s.Params)
		if !bytes.Contains(s.Files[name], []byte(old)) {
			panic("snapshottest: no " + old + " in the manifest")
		}
		s.Files[name] = bytes.Replace(s.Files[name], []byte(old), []byte(replacement), 1)
	}
}

// manifest replaces the manifest.
func manifest(b string) func(*Snapshot) {
	return func(s *Snapshot) { s.Files[snapshot.ManifestName(s.Params)] = []byte(b) }
}

// sealed changes what is in the segments, and seals the snapshot again.
func sealed(change func(s *Snapshot)) func(*Snapshot) {
	return func(s *Snapshot) {
		change(s)
		s.Seal()
	}
}

// file changes the bytes of a file.
func file(segment int, suffix string, change func(b []byte) []byte) func(*Snapshot) {
	return func(s *Snapshot) {
		name := s.Name(segment, suffix)
		s.Files[name] = change(bytes.Clone(s.Files[name]))
	}
}

func badManifests() []Forgery {
	return []Forgery{
		{Name: "no manifest", Forge: func(s *Snapshot) { delete(s.Files, snapshot.ManifestName(s.Params)) },
			Reason: snapshot.Missing, Says: "there is no file simnet.json"},
		{Name: "no JSON", Forge: manifest("<html>"), Reason: snapshot.Malformed, Says: "not JSON of the documented form"},
		{Name: "endless manifest", Forge: manifest("{" + strings.Repeat(" ", snapshot.MaxManifest)),
			Reason: snapshot.Oversized, Says: "more than 4194304"},
		{Name: "other format", Forge: text(`"format":1`, `"format":2`), Reason: snapshot.OtherFormat, Says: "has format 2, and this program reads format 1"},
		{Name: "other network", Forge: text("simnet", "mainnet"), Reason: snapshot.OtherNetwork, Says: `of the network "mainnet" and not of "simnet"`},
		{Name: "unknown key", Forge: text(`"format"`, `"trust":true,"format"`), Reason: snapshot.Malformed, Says: "trust"},
		{Name: "two manifests", Forge: func(s *Snapshot) {
			name := snapshot.ManifestName(s.Params)
			s.Files[name] = append(s.Files[name], "{}"...)
		}, Reason: snapshot.Malformed, Says: "not JSON of the documented form"},
		{Name: "negative number of blocks", Forge: text(`"blocks":128`, `"blocks":-128`), Reason: snapshot.Malformed, Says: "segments have -128 blocks"},
		{Name: "huge segments", Forge: text(`"blocks":128`, `"blocks":1073741824`), Reason: snapshot.Malformed, Says: "segments have 1073741824 blocks"},
		{Name: "too many segments", Forge: manifest(`{"format":1,"network":"simnet","blocks":128,"segments":[` +
			strings.Repeat("{},", snapshot.MaxSegments) + `{}]}`), Reason: snapshot.Oversized, Says: "has more than 8192 segments"},
		{Name: "gap", Forge: text(`"first":128,"last":255`, `"first":256,"last":383`), Reason: snapshot.Malformed, Says: "segment number 2 of the manifest is of the blocks 256–383"},
		{Name: "huge range", Forge: text(`"last":255`, `"last":4294967423`), Reason: snapshot.Malformed, Says: "of the blocks 128–4294967423"},
		{Name: "path as a hash", Forge: text(`"hash":"`, `"hash":"../../etc/passwd`), Reason: snapshot.Malformed, Says: "in the place of a block hash"},
		{Name: "no SHA-256", Forge: text(`"sha256":"`, `"sha256":"xx`), Reason: snapshot.Malformed, Says: "in the place of a SHA-256"},
		{Name: "huge headers", Forge: text(`"size":23040`, `"size":9223372036854775807`), Reason: snapshot.Malformed, Says: "the headers take 9223372036854775807 bytes"},
		{Name: "huge filters", Forge: text(`"filters":{"size":`, `"filters":{"size":1000000000`), Reason: snapshot.Oversized, Says: "which is more than 268435456"},
		{Name: "negative filters", Forge: text(`"filters":{"size":`, `"filters":{"size":-`), Reason: snapshot.Malformed, Says: "which is less than 512"},
	}
}

func badFiles() []Forgery {
	return []Forgery{
		{Name: "missing file", Forge: func(s *Snapshot) { delete(s.Files, s.Name(2, ".filters")) },
			Reason: snapshot.Missing, Says: ".filters", Kept: 2},
		{Name: "truncated headers", Forge: file(1, ".headers", func(b []byte) []byte { return b[:len(b)-1] }),
			Reason: snapshot.Truncated, Says: "has 23039 bytes and not 23040", Kept: 1},
		{Name: "empty filters", Forge: file(1, ".filters", func([]byte) []byte { return nil }),
			Reason: snapshot.Truncated, Says: "has 0 bytes", Kept: 1},
		{Name: "longer headers", Forge: file(3, ".headers", func(b []byte) []byte { return append(b, 0) }),
			Reason: snapshot.Oversized, Says: "has 23041 bytes and not 23040", Kept: 3},
		{Name: "flipped bit in the headers", Forge: file(1, ".headers", func(b []byte) []byte { b[len(b)-30] ^= 4; return b }),
			Reason: snapshot.OtherBytes, Says: "does not have the SHA-256", Otherwise: snapshot.Invalid, Kept: 1},
		{Name: "flipped bit in a filter", Forge: file(3, ".filters", func(b []byte) []byte { b[len(b)-3] ^= 4; return b }),
			Reason: snapshot.OtherBytes, Says: "does not have the SHA-256", Otherwise: snapshot.Invalid, Kept: 3},
		{Name: "flipped bit in an early filter", Forge: file(1, ".filters", func(b []byte) []byte { b[len(b)-3] ^= 4; return b }),
			Reason: snapshot.OtherBytes, Says: "does not have the SHA-256", Kept: 1},
		{Name: "filter of 4 GB", Forge: file(1, ".filters", func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[40:], 1<<32-1)
			return b
		}), Reason: snapshot.Malformed, Says: "the filter of block 138 has 4294967295 bytes", Kept: 1},
		{Name: "filters that do not fill the file", Forge: file(2, ".filters", func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[8:], binary.LittleEndian.Uint32(b[8:])+1)
			return b
		}), Reason: snapshot.Malformed, Says: "its filters take", Kept: 2},
	}
}

// relinked changes a header of a segment, and makes all later ones follow it, with work.
func relinked(segment, index int, work bool, change func(h *wire.BlockHeader)) func(*Snapshot) {
	return sealed(func(s *Snapshot) {
		for i := segment; i < len(s.Parts); i++ {
			headers := s.Parts[i].Headers
			for j := range headers {
				if i == segment && j < index {
					continue
				}
				var w wire.BlockHeader
				if err := w.FromBytes(headers[j][:]); err != nil {
					panic(err)
				}
				switch {
				case i == segment && j == index:
					change(&w)
				case j > 0:
					w.PrevBlock = *hashOf(&headers[j-1])
				case i > 0:
					w.PrevBlock = *hashOf(&s.Parts[i-1].Headers[len(headers)-1])
				}
				headers[j] = mined(s.Params, &w, work)
			}
		}
	})
}

// mined returns a header with enough work, or without it.
func mined(p *consensus.Params, w *wire.BlockHeader, work bool) consensus.Header {
	for {
		b, err := w.Bytes()
		if err != nil {
			panic(err)
		}
		h := consensus.Header(b)
		err = consensus.CheckHeader(p, &h, hashOf(&h))
		worked := err == nil || !strings.Contains(err.Error(), consensus.RuleProofOfWork.String())
		if worked == work {
			return h
		}
		w.Nonce++
	}
}

func badBlocks() []Forgery {
	swap := func(a, b *[]byte) { *a, *b = *b, *a }
	return []Forgery{
		{Name: "wrong filter", Forge: sealed(func(s *Snapshot) { s.Parts[3].Filters[9] = []byte{1, 2, 3} }),
			Reason: snapshot.Invalid, Says: "a filter is wrong: block 393", Kept: 3},
		{Name: "no filter", Forge: sealed(func(s *Snapshot) { s.Parts[3].Filters[9] = nil }),
			Reason: snapshot.Invalid, Says: "filter proof", Kept: 3},
		{Name: "swapped filters", Forge: sealed(func(s *Snapshot) {
			swap(&s.Parts[3].Filters[20], &s.Parts[3].Filters[21])
		}), Reason: snapshot.Invalid, Says: "block 404", Kept: 3},
		{Name: "wrong early filter", Forge: sealed(func(s *Snapshot) { s.Parts[1].Filters[9][1] ^= 1 }),
			Reason: snapshot.Invalid, Says: "early filters", Kept: 2},
		{Name: "swapped early filters", Forge: sealed(func(s *Snapshot) {
			swap(&s.Parts[0].Filters[20], &s.Parts[0].Filters[21])
		}), Reason: snapshot.Invalid, Says: "early filters", Kept: 2},
		{Name: "oversized early filter", Forge: sealed(func(s *Snapshot) { s.Parts[1].Filters[9] = make([]byte, 200_000) }),
			Reason: snapshot.Invalid, Says: "filter size", Kept: 1},
		{Name: "filter of the genesis block", Forge: sealed(func(s *Snapshot) { s.Parts[0].Filters[0] = []byte{7} }),
			Reason: snapshot.Invalid, Says: "the filter of the genesis block is wrong"},
		{Name: "no work", Forge: relinked(2, 7, false, func(*wire.BlockHeader) {}),
			Reason: snapshot.Invalid, Says: "proof of work", Kept: 2},
		{Name: "work of the retired algorithm", Forge: func(s *Snapshot) {
			s.Params.DCP0011 = 200 // the blocks from 200 on have the older one
		}, Reason: snapshot.Invalid, Says: "proof of work", Kept: 1},
		{Name: "low difficulty", Forge: relinked(3, 100, true, func(h *wire.BlockHeader) { h.Bits = 0x207fffff - 1 }),
			Reason: snapshot.Invalid, Says: "bits: want", Kept: 3},
		{Name: "above the limit", Forge: relinked(3, 100, true, func(h *wire.BlockHeader) { h.Bits = 0x2100ffff }),
			Reason: snapshot.Invalid, Says: "target: want", Kept: 3},
		{Name: "ticket price", Forge: relinked(2, 50, true, func(h *wire.BlockHeader) { h.SBits-- }),
			Reason: snapshot.Invalid, Says: "stake bits", Kept: 2},
		{Name: "live tickets", Forge: relinked(2, 50, true, func(h *wire.BlockHeader) { h.PoolSize++ }),
			Reason: snapshot.Invalid, Says: "pool size", Kept: 2},
		{Name: "too few votes", Forge: relinked(2, 50, true, func(h *wire.BlockHeader) { h.Voters = 2 }),
			Reason: snapshot.Invalid, Says: "votes", Kept: 2},
		{Name: "time before the median", Forge: relinked(1, 50, true, func(h *wire.BlockHeader) {
			h.Timestamp = h.Timestamp.AddDate(-1, 0, 0)
		}), Reason: snapshot.Invalid, Says: "median time", Kept: 1},
		{Name: "time in the future", Forge: relinked(3, 127, true, func(h *wire.BlockHeader) {
			h.Timestamp = h.Timestamp.AddDate(50, 0, 0)
		}), Reason: snapshot.Invalid, Says: "future time", Kept: 3},
	}
}

func badChains() []Forgery {
	return []Forgery{
		{Name: "other genesis block", Forge: sealed(func(s *Snapshot) { s.Parts[0].Headers[0][100] ^= 1 }),
			Reason: snapshot.OtherNetwork, Says: "another block than the genesis block"},
		{Name: "swapped ranges", Forge: sealed(func(s *Snapshot) { s.Parts[2], s.Parts[3] = s.Parts[3], s.Parts[2] }),
			Reason: snapshot.Unlinked, Says: "it has block 384 in the place of block 256", Kept: 2},
		{Name: "repeated range", Forge: sealed(func(s *Snapshot) { s.Parts[2] = s.Parts[1] }),
			Reason: snapshot.Unlinked, Says: "it has block 128 in the place of block 256", Kept: 2},
		{Name: "repeated block", Forge: sealed(func(s *Snapshot) { s.Parts[2].Headers[9] = s.Parts[2].Headers[8] }),
			Reason: snapshot.Invalid, Says: "height", Kept: 2},
		{Name: "other branch", Forge: func(s *Snapshot) {
			whole := *s
			whole.Parts = slices.Clone(s.Parts)
			whole.Parts[1].Headers = slices.Clone(s.Parts[1].Headers)
			relinked(1, 100, true, func(h *wire.BlockHeader) { h.ExtraData[5] ^= 1 })(s)
			s.Parts[1] = whole.Parts[1]
			s.Seal()
		}, Reason: snapshot.Unlinked, Says: "block 256 follows block", Kept: 2},
		{Name: "named after another block", Forge: func(s *Snapshot) {
			other := strings.Repeat("0", 63) + "7"
			hash := hashOf(&s.Parts[2].Headers[127]).String()
			text(hash, other)(s)
			for _, suffix := range []string{".headers", ".filters"} {
				name := s.Name(2, suffix)
				s.Files[strings.Replace(name, hash, other, 1)] = s.Files[name]
				delete(s.Files, name)
			}
		}, Reason: snapshot.OtherBlock, Says: "not with the one it is named after", Kept: 2},
		{Name: "around a waypoint", Forge: func(s *Snapshot) {
			s.Params.Waypoints = []consensus.BlockID{{Height: 300, Hash: [32]byte{1}}}
		}, Reason: snapshot.Invalid, Says: "waypoint: want the known block", Kept: 2},
		{Name: "low work", Forge: func(s *Snapshot) {
			chain := *s.Params.ChainParams
			chain.MinKnownChainWork = new(big.Int).Lsh(big.NewInt(1), 100)
			s.Params.ChainParams = &chain
		}, Reason: snapshot.LowWork, Says: "the network is known to have taken at least", Kept: 4},
	}
}
