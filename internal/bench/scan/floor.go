package scan

import (
	"context"
	"encoding/binary"
	"errors"
	"math/bits"
	"runtime"
	"sync/atomic"

	"github.com/dchest/siphash"
	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/bench/client"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/match"
)

// floorBlocks is how many blocks a processor takes at a time.
const floorBlocks = 512

// load is what the floor works on: all filters and their keys, in memory.
type load struct {
	keys    [][16]byte
	filters [][]byte
	scripts [][]byte
}

// loaded reads the filters of a store.
func loaded(ctx context.Context, dir string, scripts [][]byte) (l *load, err error) {
	c, err := chain.Open(chain.Config{Params: consensus.SimNet(), Path: client.StoreFile(dir)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	l = &load{scripts: scripts}
	err = c.Scan(1, c.State().Filters.Height, func(_ consensus.BlockID, h *consensus.Header, filter []byte) error {
		l.keys = append(l.keys, h.FilterKey())
		l.filters = append(l.filters, append([]byte(nil), filter...))
		return ctx.Err()
	})
	return l, err
}

// each calls fn for the blocks, on all processors, with the number of the processor.
func (l *load) each(fn func(processor, i int) error) error {
	var g errgroup.Group
	var next atomic.Int64
	for processor := range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for {
				from := int(next.Add(floorBlocks)) - floorBlocks
				if from >= len(l.keys) {
					return nil
				}
				for i := from; i < min(from+floorBlocks, len(l.keys)); i++ {
					if err := fn(processor, i); err != nil {
						return err
					}
				}
			}
		})
	}
	return g.Wait()
}

// floor hashes all scripts under each key and decodes each filter. The sum keeps
// the compiler from leaving out what is done.
func (l *load) floor() (sum uint64, err error) {
	var all atomic.Uint64
	err = l.each(func(_, i int) error {
		k0, k1 := binary.LittleEndian.Uint64(l.keys[i][:8]), binary.LittleEndian.Uint64(l.keys[i][8:])
		var x uint64
		for _, s := range l.scripts {
			x ^= siphash.Hash(k0, k1, s)
		}
		y, err := decode(l.filters[i])
		all.Add(x ^ y)
		return err
	})
	return all.Load(), err
}

// match matches the filters as the client does, and does nothing else that belongs to
// a rescan. It returns how many match.
func (l *load) match() (hits uint64, err error) {
	var all atomic.Uint64
	set, matchers := match.NewSet(l.scripts), make([]match.Matcher, runtime.GOMAXPROCS(0))
	err = l.each(func(processor, i int) error {
		hit, err := matchers[processor].Any(l.keys[i], l.filters[i], set)
		if hit {
			all.Add(1)
		}
		return err
	})
	return all.Load(), err
}

// matchAny does what MatchAny of gcs/v4 does. It returns how many filters match.
func (l *load) matchAny() (hits uint64, err error) {
	var all atomic.Uint64
	err = l.each(func(_, i int) error {
		if len(l.filters[i]) == 0 {
			return nil
		}
		f, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, l.filters[i])
		if err != nil {
			return err
		}
		if f.MatchAny(l.keys[i], l.scripts) {
			all.Add(1)
		}
		return nil
	})
	return all.Load(), err
}

// decode reads all values of a filter and returns the last one. It knows only
// filters of fewer than 65,536 entries, of which the chain is made.
func decode(filter []byte) (value uint64, err error) {
	if len(filter) == 0 {
		return 0, nil
	}
	n, data, at := int(filter[0]), filter[1:], 0
	switch {
	case n == 0xfd:
		n, data = int(binary.LittleEndian.Uint16(data)), data[2:]
	case n > 0xfd:
		return 0, errors.New("a filter of 65,536 entries or more")
	}
	for range n {
		ones := bits.LeadingZeros64(^window(data, at))
		at += ones + 1
		value += uint64(ones)<<blockcf2.B | window(data, at)>>(64-blockcf2.B)
		at += blockcf2.B
	}
	return value, nil
}

// window returns at least 56 bits of data from a place on.
func window(data []byte, at int) uint64 {
	if from := at / 8; len(data)-from >= 8 {
		return binary.BigEndian.Uint64(data[from:]) << (at % 8)
	}
	var end [8]byte
	if at/8 < len(data) {
		copy(end[:], data[at/8:])
	}
	return binary.BigEndian.Uint64(end[:]) << (at % 8)
}
