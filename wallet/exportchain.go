package wallet

import (
	"errors"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/remembered"
)

// Headers is what Export.Follow asks the chain store. A *chain.Reader is one.
type Headers interface {
	Branches
	Header(h consensus.Height) (consensus.Header, error)
}

// Follow makes the birthdays of an export follow the chain, as those of the wallet do that was
// exported: it may be older than a reorganisation. What is born after a block that has left the
// chain is born after the fork, if the store still knows the block. A date begins at the first
// block of the chain that it includes if the block at the height that the export says has left
// the chain, or if that is below this height. The error is that of a read.
func (e *Export) Follow(store Headers) error {
	f := following{store: store}
	genesis, err := store.Header(0)
	if err != nil {
		return fmt.Errorf("birthdays of an export: %w", err)
	}
	f.genesis = []consensus.BlockID{{Hash: genesis.Hash()}}
	for i := range e.Accounts {
		a := &e.Accounts[i]
		f.born(&a.Born)
		for _, b := range a.Branches {
			for index, late := range b.Late {
				f.born(&late)
				b.Late[index] = late
			}
		}
	}
	for i := range e.Scripts {
		f.born(&e.Scripts[i].Born)
	}
	if f.err != nil {
		return fmt.Errorf("birthdays of an export: %w", f.err)
	}
	return nil
}

// following is one call of Export.Follow.
type following struct {
	store   Headers
	genesis []consensus.BlockID
	last    Born // the last birthday with a date that was looked at
	from    consensus.Height
	err     error // the first one
}

func (f *following) born(b *Born) {
	if f.err != nil {
		return
	}
	if b.After.Hash != (chainhash.Hash{}) {
		switch br, err := f.store.Branch(b.After.Hash, f.genesis); {
		case err == nil:
			b.After = br.Fork
		case !errors.Is(err, chain.ErrNotFound):
			f.err = err
			return
		}
	}
	if b.Date.IsZero() || b.From == consensus.Never || b.From < 0 {
		return
	}
	if f.last.From != b.From || f.last.FromHash != b.FromHash || !f.last.Date.Equal(b.Date) {
		f.last = *b
		f.from, f.err = f.first(b)
	}
	if b.From != f.from {
		b.From, b.FromHash = f.from, chainhash.Hash{}
	}
}

// first returns the first height that a date includes, by the headers of the blocks that a
// reorganisation may have replaced. It is consensus.Never if no block has reached the date.
func (f *following) first(b *Born) (consensus.Height, error) {
	said, err := f.store.Header(b.From)
	gone := errors.Is(err, chain.ErrNotFound)
	if err != nil && !gone {
		return 0, err
	}
	gone = gone || b.FromHash != (chainhash.Hash{}) && said.Hash() != b.FromHash
	since := b.Date.Add(-birthday.Margin)
	for h := max(1, b.From-remembered.Dense); gone || h < b.From; h++ {
		header, err := f.store.Header(h)
		switch {
		case errors.Is(err, chain.ErrNotFound):
			return consensus.Never, nil
		case err != nil:
			return 0, err
		case !header.Time().Before(since):
			return h, nil
		}
	}
	return b.From, nil
}
