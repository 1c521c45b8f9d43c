package blocks

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/defect"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// fakePeers answers each request with the first peer that is not to be avoided.
type fakePeers struct {
	serve   []func(h consensus.Height) *wire.MsgBlock // by peer, from 1; nil is no answer
	chain   *testnet.Chain
	accused []p2p.PeerID
	useless []p2p.PeerID
}

func (p *fakePeers) Block(_ context.Context, avoid []p2p.PeerID, hash chainhash.Hash) (*wire.MsgBlock, p2p.PeerID, error) {
	h, _ := p.chain.Find(&hash)
	for i, serve := range p.serve {
		id := p2p.PeerID(i + 1)
		if slices.Contains(avoid, id) {
			continue
		}
		if block := serve(h); block != nil {
			return block, id, nil
		}
		return nil, id, errors.New("no reply")
	}
	return nil, 0, errors.New("no peer")
}

func (p *fakePeers) Accuse(id p2p.PeerID, _ error) { p.accused = append(p.accused, id) }

// fetcher returns a fetcher of these peers, and the blocks that it finds valid.
func (p *fakePeers) fetcher() (*Fetcher, *[]consensus.BlockID) {
	log, valid := slog.New(slog.DiscardHandler), new([]consensus.BlockID)
	return New(Deps{
		Params: p.chain.Params(), Peers: p, Log: log,
		Defects: defect.NewReporter(log, func(id p2p.PeerID, _ error) { p.useless = append(p.useless, id) }),
		Valid:   func(id consensus.BlockID, _ *wire.MsgBlock) { *valid = append(*valid, id) },
	}), valid
}

// TestTheBlockOfTheHeaderIsFetched asks a silent peer, one that sends another block, one whose
// block makes the checks panic, and an honest one.
func TestTheBlockOfTheHeaderIsFetched(t *testing.T) {
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 20})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		p := &fakePeers{chain: c, serve: []func(consensus.Height) *wire.MsgBlock{
			func(consensus.Height) *wire.MsgBlock { return nil },
			func(h consensus.Height) *wire.MsgBlock { return c.Block(h - 1) },
			func(h consensus.Height) *wire.MsgBlock {
				block := c.Block(h)
				block.Transactions[0] = nil
				return block
			},
			c.Block,
		}}
		f, valid := p.fetcher()
		h := *c.At(10)
		block, from, err := f.Fetch(t.Context(), c.ID(10), &h, func(consensus.BlockID) error { return nil })
		if err != nil || from != 4 || block.BlockHash() != c.ID(10).Hash {
			t.Fatalf("from peer %d: %v", from, err)
		}
		if !slices.Equal(p.accused, []p2p.PeerID{2}) || !slices.Equal(p.useless, []p2p.PeerID{3}) {
			t.Errorf("accused %v, useless %v", p.accused, p.useless)
		}
		if !slices.Equal(*valid, []consensus.BlockID{c.ID(10)}) {
			t.Errorf("valid are %v", *valid)
		}
	})
}

// TestABlockThatIsNotWantedIsGivenUp has no peer that answers.
func TestABlockThatIsNotWantedIsGivenUp(t *testing.T) {
	c, err := testnet.Generate(t.Context(), testnet.Config{Seed: 1, Blocks: 20})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		p := &fakePeers{chain: c}
		f, _ := p.fetcher()
		h, gone := *c.At(10), errors.New("the block has left the chain")
		asked := 0
		_, _, err := f.Fetch(t.Context(), c.ID(10), &h, func(consensus.BlockID) error {
			if asked++; asked < 5 {
				return nil
			}
			return gone
		})
		if !errors.Is(err, gone) || asked != 5 {
			t.Errorf("given up after %d questions: %v", asked, err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(gone)
		if _, _, err := f.Fetch(ctx, c.ID(10), &h, func(consensus.BlockID) error { return nil }); !errors.Is(err, gone) {
			t.Errorf("with an ended context: %v", err)
		}
	})
}
