package testnet

import (
	"context"
	"fmt"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// Config describes a chain to generate.
type Config struct {
	// Params are the rules of the chain. Its proof-of-work is real, so their limit must be an
	// easy one. Nil means [consensus.SimNet].
	Params *consensus.Params

	// Seed determines everything that the rules and the other fields do not.
	Seed uint64

	// Blocks is the height of the tip.
	Blocks int

	// Start is about when block one was found. Zero means a second after the
	// genesis block.
	Start time.Time

	// Plan holds transactions to include, by height.
	Plan Plan

	// CacheDir is where the chain is kept between runs, and served from
	// instead of from memory. Empty means nowhere.
	CacheDir string
}

// Generate returns the chain that the configuration describes.
func Generate(ctx context.Context, cfg Config) (*Chain, error) {
	if cfg.Params == nil {
		cfg.Params = consensus.SimNet()
	}
	if cfg.Start.IsZero() {
		cfg.Start = cfg.Params.ChainParams.GenesisBlock.Header.Timestamp.Add(time.Second)
	}
	c, err := genesis(cfg.Params, cfg.Start)
	if err != nil {
		return nil, err
	}
	if cfg.Blocks == 0 {
		return c, nil
	}
	r := &recipe{params: cfg.Params, seed: cfg.Seed, plan: cfg.Plan}
	p, err := blocksOf(ctx, &cfg, c, r)
	if err != nil {
		return nil, fmt.Errorf("generate %d blocks: %w", cfg.Blocks, err)
	}
	return c.with(newRun(p, 1, r)).knowingEarlyFilters(), nil
}

// blocksOf returns the blocks on top of the genesis block from the cache, or generates them.
func blocksOf(ctx context.Context, cfg *Config, c *Chain, r *recipe) (packed, error) {
	if cfg.CacheDir != "" {
		return cached(ctx, cfg, c, r)
	}
	var out buffers
	w := out.packer(cfg.Blocks)
	if err := c.grow(ctx, r, cfg.Blocks, w); err != nil {
		return packed{}, err
	}
	return out.packed(w), nil
}

// knowingEarlyFilters returns the chain with parameters that know the hash
// over its early filters, if it has all of them.
func (c *Chain) knowingEarlyFilters() *Chain {
	if c.params.DCP0005 == 0 || c.Height() < c.params.DCP0005-1 {
		return c
	}
	h := consensus.NewEarlyFilterHash()
	for i := range c.params.DCP0005 {
		h.Add(c.Filter(i))
	}
	params := *c.params
	params.EarlyFilters = h.Sum()
	knowing := *c
	knowing.params = &params
	return &knowing
}
