package votecheck

import (
	"cmp"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/votes"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// BlockVotes is what is known about the votes for one block.
type BlockVotes struct {
	Block     consensus.BlockID
	Successor consensus.BlockID // the zero value while it is Waiting
	State     State

	// Verdict, Result and Voters are set if it is Judged; with TicketsWithheld the
	// latter two tell what is known without these tickets. Voters is the number of
	// votes that the header of the successor counts.
	Verdict votes.Verdict
	Result  votes.Result
	Voters  int
}

// backed reports whether stakeholders are behind the block, or none have to be.
func (b *BlockVotes) backed() bool {
	if b.State != Judged {
		return false
	}
	return b.Verdict == votes.Voted || b.Verdict == votes.Disapproved || b.Verdict == votes.NotRequired
}

// blocksOf returns what is known about a block of the main chain and up to five after it.
// It is empty if the block is not on the main chain, or that cannot be read.
func (c *Checker) blocksOf(block consensus.BlockID) []BlockVotes {
	store, err := c.cfg.Syncer.Chain()
	if err != nil {
		return nil
	}
	var list []BlockVotes
	for next := block; len(list) < Blocks; {
		hash, err := c.hashAt(store, next.Height)
		if err != nil || len(list) == 0 && hash != block.Hash {
			return list
		}
		b := BlockVotes{Block: consensus.BlockID{Height: next.Height, Hash: hash}, State: Waiting}
		next.Height++
		if hash, err = c.hashAt(store, next.Height); err != nil {
			return append(list, b)
		}
		b.Successor = consensus.BlockID{Height: next.Height, Hash: hash}
		c.fill(&b)
		list = append(list, b)
	}
	return list
}

// fill adds what is known about a block whose successor is mined.
func (c *Checker) fill(b *BlockVotes) {
	b.State = Queued
	if r := c.result(b.Block, b.Successor); r != nil {
		b.State, b.Verdict, b.Result, b.Voters = Judged, c.verdict(r), r.Result, int(r.voters)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.pending[b.Successor.Hash]; p != nil && p.block == b.Block && p.tries > 0 {
		b.State = p.state
		if p.partial != nil {
			b.Result, b.Voters = p.partial.Result, int(p.partial.voters)
		}
	}
}

// target is a block whose votes are to be verified.
type target struct {
	block, successor consensus.BlockID
	automatic        bool             // no client has asked for it
	offset           consensus.Height // from the payment's block
}

// sortTargets puts targets into the order in which they are verified: what was asked for
// first, the blocks of payments before those that confirm them, and new ones before old
// ones. A block that several payments share is there once.
func sortTargets(list []target) []target {
	slices.SortFunc(list, func(a, b target) int {
		asked := func(t target) int {
			if t.automatic {
				return 1
			}
			return 0
		}
		return cmp.Or(asked(a)-asked(b), int(a.offset-b.offset), int(b.block.Height-a.block.Height))
	})
	seen := make(map[consensus.BlockID]bool)
	return slices.DeleteFunc(list, func(t target) bool {
		twice := seen[t.successor]
		seen[t.successor] = true
		return twice
	})
}

// hashes are hashes of the main chain that was read at a tip.
type hashes struct {
	tip consensus.BlockID
	at  map[consensus.Height]chainhash.Hash
}

// mostHashes is how many are kept.
const mostHashes = 8_192

// hashAt returns the hash of the main chain at a height. The error is that the chain does
// not reach so high, or cannot be read.
func (c *Checker) hashAt(store *chain.Reader, h consensus.Height) (chainhash.Hash, error) {
	tip := store.State().Tip
	c.mu.Lock()
	if c.hashes.tip != tip || len(c.hashes.at) > mostHashes {
		c.hashes = hashes{tip, make(map[consensus.Height]chainhash.Hash)}
	}
	hash, ok := c.hashes.at[h]
	c.mu.Unlock()
	if ok {
		return hash, nil
	}
	hash, err := store.Hash(h)
	if err != nil || store.State().Tip != tip { // it may be of another chain than that of the tip
		return hash, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hashes.tip == tip {
		c.hashes.at[h] = hash
	}
	return hash, nil
}
