package rpc

import (
	"context"
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
)

func rescanWallet() method {
	return method{
		name:    "rescanwallet",
		summary: "Searches blocks again for everything the wallet watches.",
		help: "Accounts and imports that were born later are born at beginheight from then on, unless the job is canceled. It runs as a job, and nothing that is known is forgotten meanwhile. What takes longer than a call may is not " +
			"given up: the call fails, and the search goes on; see listjobs.",
		params: []param{
			{name: "beginheight", kind: kindInt, optional: true, def: int64(0), text: "The first height to search."},
			{name: "async", kind: kindBool, optional: true, def: false, text: "Whether to return the job at once rather than null in the end."},
		},
		result:  "null, when it is done; or with async the job",
		returns: []any{nil, api.Job{}},
		example: `[1]`,
		handle: func(ctx context.Context, b *backend, a args) (any, error) {
			from, err := a.count("beginheight")
			if err != nil {
				return nil, err
			}
			return b.rescan(ctx, from, a.bool("async"))
		},
	}
}

// rescan searches blocks from a height on, and waits for the end unless it is to
// return the job at once.
func (b *backend) rescan(ctx context.Context, from int64, async bool) (any, error) {
	id, err := b.Wallet.Rescan(ctx, from)
	switch {
	case err != nil:
		return nil, err
	case async:
		return b.job(id)
	}
	return nil, b.awaitJob(ctx, id)
}

// awaitJob waits until a job is over. The status changes with every
// step of a scan.
func (b *backend) awaitJob(ctx context.Context, id int64) error {
	for range b.Sync.Changes(ctx, 0) {
		switch j, err := b.job(id); {
		case err != nil:
			return err
		case j.State == api.JobCanceled:
			return fail(api.CodeMisc, "job %d was canceled", id)
		case j.State == api.JobDone:
			return nil
		}
	}
	return fail(api.CodeMisc, "the search goes on as job %d; see how far it is with: spvctl job %d", id, id)
}

// job returns a job of the wallet.
func (b *backend) job(id int64) (api.Job, error) {
	jobs, err := b.Wallet.Jobs()
	if err != nil {
		return api.Job{}, err
	}
	i := slices.IndexFunc(jobs, func(j api.Job) bool { return j.ID == id })
	if i < 0 {
		return api.Job{}, fail(api.CodeInvalid, "there is no job %d; run: spvctl job", id)
	}
	return jobs[i], nil
}
