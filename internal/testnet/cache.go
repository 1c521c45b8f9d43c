package testnet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/consensus"
)

// A cached chain is one file named by its key: the magic, its key, the number
// of blocks, the size of the filters and the CRC-32C of all that follows, which
// is the three parts of a packed run.
const (
	cacheMagic = "spvd generated chain 1\n"
	cacheHead  = len(cacheMagic) + chainhash.HashSize + 8 + 8 + 4
)

// Offsets in the head of a cached chain.
const (
	offKey    = len(cacheMagic)
	offCount  = offKey + chainhash.HashSize
	offLength = offCount + 8
	offSum    = offLength + 8
)

// errStale means that a cached chain differs from the one that would be generated now.
var errStale = errors.New("cached chain is stale or damaged")

// cached returns the blocks from the cache. If the file is missing, or differs from what this
// version of the generator makes, it is written first.
func cached(ctx context.Context, cfg *Config, c *Chain, r *recipe) (packed, error) {
	key, err := cacheKey(cfg)
	if err != nil {
		return packed{}, err
	}
	path := filepath.Join(cfg.CacheDir, "chain-"+hex.EncodeToString(key[:8]))
	p, err := openCached(path, key, cfg, c, r)
	if err == nil || !errors.Is(err, errStale) && !errors.Is(err, os.ErrNotExist) {
		return p, err
	}
	if err := writeCached(ctx, path, key, cfg, c, r); err != nil {
		return packed{}, fmt.Errorf("write cached chain %s: %w", path, err)
	}
	return openCached(path, key, cfg, c, r)
}

// cacheKey hashes everything that a chain depends on, except the generator.
func cacheKey(cfg *Config) (key chainhash.Hash, err error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	if err := enc.Encode(cfg.Params); err != nil {
		return key, fmt.Errorf("encode parameters: %w", err)
	}
	fmt.Fprintln(&b, cfg.Seed, cfg.Blocks, cfg.Start.Unix())
	var heights []consensus.Height
	for h := range cfg.Plan {
		heights = append(heights, h)
	}
	slices.Sort(heights)
	for _, h := range heights {
		if err := enc.Encode(cfg.Plan[h]); err != nil {
			return key, fmt.Errorf("encode transactions planned for block %d: %w", h, err)
		}
		fmt.Fprintln(&b, h)
	}
	return chainhash.HashH(b.Bytes()), nil
}

// openCached maps a cached chain and checks it. The mapping stays for the life
// of the process: chains share their blocks freely.
func openCached(path string, key chainhash.Hash, cfg *Config, c *Chain, r *recipe) (packed, error) {
	b, err := mapFile(path)
	if err != nil {
		return packed{}, err
	}
	p, err := parseCached(b, key, cfg.Blocks)
	if err == nil {
		err = checkCached(&p, c, r)
	}
	if err != nil {
		return packed{}, errors.Join(fmt.Errorf("open %s: %w", path, err), unmap(b))
	}
	return p, nil
}

// parseCached checks the file and splits it into its parts.
func parseCached(b []byte, key chainhash.Hash, blocks int) (packed, error) {
	if len(b) < cacheHead || string(b[:offKey]) != cacheMagic || !bytes.Equal(b[offKey:offCount], key[:]) {
		return packed{}, fmt.Errorf("%w: another format or chain", errStale)
	}
	n, length := binary.LittleEndian.Uint64(b[offCount:]), binary.LittleEndian.Uint64(b[offLength:])
	if n != uint64(blocks) || length > uint64(len(b)) || uint64(len(b)) != uint64(cacheHead)+n*(headerStride+endSize)+length {
		return packed{}, fmt.Errorf("%w: %d bytes for %d blocks", errStale, len(b), n)
	}
	body := b[cacheHead:]
	if sum := crc32.Checksum(body, castagnoli()); sum != binary.LittleEndian.Uint32(b[offSum:]) {
		return packed{}, fmt.Errorf("%w: checksum %08x", errStale, sum)
	}
	filters := n * headerStride
	return packed{headers: body[:filters], filters: body[filters : filters+length], ends: body[filters+length:]}, nil
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// How much of a cached chain is generated again, to detect that the generator has changed.
const (
	sampleFirst = 256
	sampleLater = 64
)

// checkCached generates a few blocks again and compares them.
func checkCached(p *packed, c *Chain, r *recipe) error {
	n := min(p.len(), sampleFirst)
	var out buffers
	w := out.packer(n)
	if err := c.grow(context.Background(), r, n, w); err != nil {
		return err
	}
	if !bytes.Equal(out.headers.Bytes(), p.headers[:n*headerStride]) {
		return fmt.Errorf("%w: other headers", errStale)
	}
	for i := range sampleLater {
		at := (p.len() - 1) * (i + 1) / sampleLater
		h := consensus.Height(at + 1)
		b, err := r.body(h)
		if err != nil {
			return err
		}
		if p.header(at).MerkleRoot() != b.merkleRoot || p.header(at).Timestamp() != c.schedule.at(r.seed, h) || !bytes.Equal(p.filter(at), b.filter) {
			return fmt.Errorf("%w: other block %d", errStale, h)
		}
	}
	return nil
}

// writeCached writes the chain to a file, which gets its name when it is complete.
func writeCached(ctx context.Context, path string, key chainhash.Hash, cfg *Config, c *Chain, r *recipe) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "making-*")
	if err != nil {
		return err
	}
	err = writeBlocks(ctx, f, key, cfg, c, r)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// writeBlocks streams the chain into the file: headers and filters go to their
// own regions side by side.
func writeBlocks(ctx context.Context, f *os.File, key chainhash.Hash, cfg *Config, c *Chain, r *recipe) error {
	filtersAt := int64(cacheHead) + int64(cfg.Blocks)*headerStride
	headers := bufio.NewWriterSize(io.NewOffsetWriter(f, int64(cacheHead)), 1<<18)
	filters := bufio.NewWriterSize(io.NewOffsetWriter(f, filtersAt), 1<<18)
	w := &packer{headers: headers, filters: filters}
	if err := c.grow(ctx, r, cfg.Blocks, w); err != nil {
		return err
	}
	if err := errors.Join(headers.Flush(), filters.Flush()); err != nil {
		return err
	}
	if _, err := f.WriteAt(w.ends, filtersAt+int64(w.written)); err != nil {
		return err
	}
	if _, err := f.Seek(int64(cacheHead), io.SeekStart); err != nil {
		return err
	}
	sum := crc32.New(castagnoli())
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	head := append([]byte(cacheMagic), key[:]...)
	head = binary.LittleEndian.AppendUint64(head, uint64(cfg.Blocks))
	head = binary.LittleEndian.AppendUint64(head, uint64(w.written))
	head = binary.LittleEndian.AppendUint32(head, sum.Sum32())
	_, err := f.WriteAt(head, 0)
	return err
}
