package view

import (
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/votecheck"
)

// Votes translates the votes behind a transaction.
func Votes(v *votecheck.Votes) api.Votes {
	verified, confirmations := int64(v.Verified), int64(v.Confirmations)
	out := api.Votes{VotesVerified: &verified, VotesConfirmations: &confirmations}
	for _, m := range v.Missing {
		missing := api.MissingVote{Count: int64(m.Count), Reason: m.Code, Text: m.Text}
		if m.TxID != (chainhash.Hash{}) {
			missing.TxID = m.TxID.String()
		}
		out.VotesMissing = append(out.VotesMissing, missing)
	}
	return out
}

// VotedBlocks translates the blocks that confirm a transaction.
func VotedBlocks(v *votecheck.Votes) []api.VotedBlock {
	list := []api.VotedBlock{}
	for i := range v.Blocks {
		b := &v.Blocks[i]
		state := b.State.Code()
		if b.State == votecheck.Judged {
			state = strings.ReplaceAll(b.Verdict.String(), " ", "-")
		}
		list = append(list, api.VotedBlock{
			Height: int64(b.Block.Height), Hash: b.Block.Hash.String(), State: state,
			Approving: int64(b.Result.Approving), Disapproving: int64(b.Result.Disapproving), Failed: int64(len(b.Result.Failed())),
		})
	}
	return list
}

// VoteJobs translates the jobs of the verification of votes.
func VoteJobs(jobs []votecheck.Job) []api.Job {
	list := make([]api.Job, len(jobs))
	for i := range jobs {
		j := &jobs[i]
		list[i] = api.Job{
			ID: int64(j.ID), Wallet: j.Wallet, Kind: api.JobVotes, TxID: j.Tx.String(), Waits: j.Waits,
			From: int64(j.From), At: int64(j.At), Target: int64(j.Target), Progress: j.Progress(), Began: j.Began.Unix(),
		}
		switch j.State {
		case votecheck.JobRunning:
			list[i].State = api.JobRunning
		case votecheck.JobDone:
			list[i].State = api.JobDone
		case votecheck.JobCanceled:
			list[i].State = api.JobCanceled
		}
		if j.Over() {
			list[i].Ended = j.Ended.Unix()
		}
	}
	return list
}
