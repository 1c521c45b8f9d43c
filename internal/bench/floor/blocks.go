package floor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/spv/consensus"
)

// blockWindow is the number of requests for blocks on each connection.
const blockWindow = 256

// Block is a block to fetch: its hash, and its header to compare it with.
type Block struct {
	Hash   chainhash.Hash
	Header consensus.Header
}

// Blocks fetches blocks from all peers at once, in equal parts, compares each with the
// merkle root of its header and drops it. It returns when all have come, or the first
// error.
func Blocks(ctx context.Context, params *consensus.Params, peers []string, blocks []Block) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	came := make(chan *wire.MsgBlock, 64)
	byHash := make(map[chainhash.Hash]*consensus.Header, len(blocks))
	for i := range blocks {
		byHash[blocks[i].Hash] = &blocks[i].Header
	}
	var provers errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		provers.Go(func() error {
			for b := range came {
				h := byHash[b.BlockHash()]
				if h == nil {
					return fmt.Errorf("block %v was not asked for", b.BlockHash())
				}
				if err := consensus.CheckBlock(params, h, b); err != nil {
					return err
				}
			}
			return nil
		})
	}
	g, ctx := errgroup.WithContext(ctx)
	for i, addr := range peers {
		part := blocks[i*len(blocks)/len(peers) : (i+1)*len(blocks)/len(peers)]
		g.Go(func() error { return fetchPart(ctx, params, addr, part, came) })
	}
	err := g.Wait()
	close(came)
	return errors.Join(err, provers.Wait())
}

// fetchPart fetches blocks from one peer.
func fetchPart(ctx context.Context, params *consensus.Params, addr string, blocks []Block, came chan<- *wire.MsgBlock) error {
	c, err := dial(ctx, addr, params.ChainParams.Net)
	if err != nil {
		return err
	}
	defer c.Close()
	for asked, got := 0, 0; got < len(blocks); {
		for ; asked < len(blocks) && asked-got < blockWindow; asked++ {
			m := &wire.MsgGetData{InvList: []*wire.InvVect{wire.NewInvVect(wire.InvTypeBlock, &blocks[asked].Hash)}}
			if err := c.send(m); err != nil {
				return err
			}
		}
		command, payload, err := c.next()
		if err != nil {
			return err
		}
		if command != wire.CmdBlock {
			continue
		}
		b := new(wire.MsgBlock)
		if err := b.BtcDecode(bytes.NewBuffer(payload), uint32(pver)); err != nil {
			return err
		}
		got++
		select {
		case came <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
