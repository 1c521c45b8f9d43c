package method

import (
	"context"
	"errors"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// voteMethods returns the methods about the votes behind payments.
func voteMethods() []Method {
	return []Method{
		verifyVotes(),
	}
}

func verifyVotes() Method {
	return Method{
		Name:    "verifyvotes",
		Waits:   true,
		Summary: "Verifies that real tickets have voted for the block of a transaction, and for the blocks that confirm it.",
		Help: "The votes for a block are in the next one. Their signatures, and the tickets that they spend, are verified for the block of the " +
			"transaction and the five after it, of which those are fetched from peers; see docs/security.md for what this proves. It is a job " +
			"of kind votes, which goes on as blocks are mined; its number is 1000000001 or more. " +
			"The call returns when the votes for all blocks that are mined are judged, or when peers do not serve the blocks of the rest, " +
			"whose result is then unknown and not failed. When the time of the call is over, the job goes on: see listjobs. " +
			"With --verifyvotes large payments are verified without being asked for.",
		Params: []param{
			{name: "txid", kind: kindHash, text: "The hash of a mined transaction of the wallet."},
			{name: "async", kind: kindBool, optional: true, def: false, text: "Whether to return the job at once."},
		},
		Result:  "what is known about the votes; or with async the job",
		Returns: []any{api.VerifiedVotes{}, api.Job{}},
		Example: `["` + exampleTx + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			tx := c.hash("txid")
			job, err := c.Votes.Request(ctx, c.caller.Wallet, tx)
			switch {
			case err != nil:
				return nil, err
			case c.bool("async"):
				return c.job(int64(job.ID))
			}
			mined, err := w.Transaction(ctx, tx)
			if err != nil {
				return nil, err
			}
			block := consensus.BlockID{Height: mined.Place.Height, Hash: mined.Block}
			switch err := c.Votes.Wait(ctx, job.ID); {
			case errors.Is(err, context.DeadlineExceeded):
				return nil, fail(api.CodeMisc, "the verification goes on as job %d; see how far it is with: spvctl job %d", job.ID, job.ID)
			case err != nil:
				return nil, err
			}
			known, _ := c.Votes.Votes(block)
			return api.VerifiedVotes{
				TxID: tx.String(), BlockHash: block.Hash.String(), BlockHeight: int64(block.Height),
				Votes: view.Votes(&known), Blocks: view.VotedBlocks(&known),
			}, nil
		},
	}
}

// votes returns what is known about the votes behind a transaction; it is empty if they are
// not verified.
func (c *Call) votes(tx *wallet.Transaction) api.Votes {
	if !tx.Mined() {
		return api.Votes{}
	}
	if known, ok := c.Votes.Votes(consensus.BlockID{Height: tx.Place.Height, Hash: tx.Block}); ok {
		return view.Votes(&known)
	}
	return api.Votes{}
}
