package rpc

import (
	"context"
	"errors"

	"github.com/spvd/spvd/internal/rpc/api"
)

func listJobs() method {
	return method{
		name:    "listjobs",
		reads:   true,
		summary: "Lists the searches of old blocks: rescans, imports, and those for the addresses of a window that has grown.",
		help:    "They outlast a restart. The chain is followed while they run. The last ones that are over are listed as well.",
		params: []param{
			{name: "all", kind: kindBool, optional: true, def: false, text: "Whether to list those of all wallets."},
		},
		result:  "an array of jobs, oldest first",
		returns: []any{[]api.Job{}},
		example: `[]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			if !a.bool("all") {
				return jobsOf(b.Wallet)
			}
			dir, err := b.Wallets.List()
			if err != nil {
				return nil, err
			}
			jobs := []api.Job{}
			for _, w := range dir.Wallets {
				if !w.Loaded {
					continue
				}
				more, err := jobsOf(b.Wallets.Wallet(w.Name))
				if err != nil {
					return nil, err
				}
				jobs = append(jobs, more...)
			}
			return jobs, nil
		},
	}
}

// jobsOf returns the jobs of a wallet, which has none as long as it does not
// exist.
func jobsOf(w Wallet) ([]api.Job, error) {
	jobs, err := w.Jobs()
	if errors.Is(err, ErrNoWallet) || err == nil && jobs == nil {
		return []api.Job{}, nil
	}
	return jobs, err
}
