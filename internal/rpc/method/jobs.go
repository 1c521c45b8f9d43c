package method

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// jobMethods returns the methods about searches of old blocks.
func jobMethods() []Method {
	return []Method{
		rescanWallet(),
		discoverUsage(),
		listJobs(),
		getJob(),
		cancelJob(),
	}
}

func rescanWallet() Method {
	return Method{
		Name:    "rescanwallet",
		Waits:   true,
		Summary: "Searches blocks again for everything the wallet watches.",
		Help: "Accounts and imports with a later birthday get beginheight as their birthday, unless the job is canceled. " +
			"The rescan runs as a job, and known transactions stay listed meanwhile. When the time of the call is over, the call fails and " +
			"the search goes on; see listjobs.",
		Params: []param{
			{name: "beginheight", kind: kindInt, optional: true, def: int64(0), text: "The first height to search."},
			{name: "async", kind: kindBool, optional: true, def: false, text: "Whether to return the job at once rather than null in the end."},
		},
		Result:  "null, when it is done; or with async the job",
		Returns: []any{nil, api.Job{}},
		Example: `[1]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			from, err := c.count("beginheight")
			if err != nil {
				return nil, err
			}
			return c.rescan(ctx, consensus.Height(from), c.bool("async"))
		},
	}
}

// rescan searches blocks from a height on, and waits for the end unless it is to
// return the job at once.
func (c *Call) rescan(ctx context.Context, from consensus.Height, async bool) (any, error) {
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	id, err := w.StartRescan(ctx, from)
	switch {
	case err != nil:
		return nil, err
	case async:
		return c.job(int64(id))
	}
	return nil, c.awaitJob(ctx, int64(id))
}

// awaitJob waits until a job is over. The status changes with every
// step of a scan.
func (c *Call) awaitJob(ctx context.Context, id int64) error {
	for range c.Syncer.Changes(ctx, 0) {
		switch j, err := c.job(id); {
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
func (c *Call) job(id int64) (api.Job, error) {
	w, err := c.open()
	if err != nil {
		return api.Job{}, err
	}
	jobs := c.jobsOf(c.caller.Wallet, w)
	i := slices.IndexFunc(jobs, func(j api.Job) bool { return j.ID == id })
	if i < 0 {
		return api.Job{}, fail(api.CodeInvalid, "there is no job %d; run: spvctl job", id)
	}
	return jobs[i], nil
}

func discoverUsage() Method {
	return Method{
		Name:    "discoverusage",
		Waits:   true,
		Summary: "Searches blocks again for used addresses, as rescanwallet does, if wanted with another gap limit.",
		Help:    "Used addresses are found by every scan; this is for those that a gap limit was too low for.",
		Params: []param{
			{name: "startblock", kind: kindString, optional: true, def: "", text: "The hash of the block to begin after; without it, genesis."},
			{name: "discoveraccounts", kind: kindBool, optional: true, def: false, text: "Must be false: without private keys no account can be found."},
			gapLimitParam("The gap limit that accounts get, up to 10000; 0 leaves those they have. A lower one watches no fewer addresses."),
			{name: "account", kind: kindString, optional: true, def: anyAccount, text: "The account that gets it; * is all of them."},
			{name: "async", kind: kindBool, optional: true, def: false, text: "Whether to return the job at once rather than null in the end."},
		},
		Result:  "null, when it is done; or with async the job",
		Returns: []any{nil, api.Job{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			if c.bool("discoveraccounts") {
				return nil, fail(api.CodeWallet, "without private keys no account can be found; run: spvctl account import NAME XPUB")
			}
			from, err := c.heightOf("startblock")
			if err != nil {
				return nil, err
			}
			if err := c.setGapLimit(ctx); err != nil {
				return nil, err
			}
			return c.rescan(ctx, from, c.bool("async"))
		},
	}
}

// setGapLimit changes gap limits, if that is asked for.
func (c *Call) setGapLimit(ctx context.Context) error {
	gap, err := c.count("gaplimit")
	account := c.str("account")
	switch {
	case err != nil:
		return err
	case gap == 0:
		return c.knownAccount(account)
	}
	w, err := c.open()
	switch {
	case err != nil:
		return err
	case fits(account, anyAccount):
		return w.SetGapLimit(ctx, uint32(gap))
	}
	return w.SetGapLimit(ctx, uint32(gap), account)
}

func listJobs() Method {
	return Method{
		Name:    "listjobs",
		Quick:   true,
		Reads:   true,
		Summary: "Lists the searches of old blocks: rescans, imports, and those for the addresses of a window that has grown; and the verification of votes.",
		Help:    "They outlast a restart. The chain is followed while they run. The last ones that are over are listed as well.",
		Params: []param{
			{name: "all", kind: kindBool, optional: true, def: false, text: "Whether to list those of all wallets."},
		},
		Result:  "an array of jobs, oldest first",
		Returns: []any{[]api.Job{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			if c.bool("all") {
				return c.allJobs()
			}
			w, err := c.open()
			switch {
			case errors.Is(err, errNoDefault):
				return []api.Job{}, nil
			case err != nil:
				return nil, err
			}
			return c.jobsOf(c.caller.Wallet, w), nil
		},
	}
}

// allJobs returns the jobs of all wallets that are open.
func (c *Call) allJobs() ([]api.Job, error) {
	list, err := c.Wallets.List()
	if err != nil {
		return nil, err
	}
	jobs := []api.Job{}
	for _, l := range list {
		if !c.caller.mayUse(l.Name) {
			continue
		}
		if w, err := c.Wallets.Wallet(l.Name); err == nil { // others are not open
			jobs = append(jobs, c.jobsOf(l.Name, w)...)
		}
	}
	return jobs, nil
}

// jobsOf returns the jobs of the wallet of a name.
func (c *Call) jobsOf(name string, w *wallet.Wallet) []api.Job {
	st := c.Syncer.Status()
	return append(view.Jobs(name, w, &st), view.VoteJobs(c.Votes.Jobs(name))...)
}

func getJob() Method {
	return Method{
		Name:    "getjob",
		Quick:   true,
		Reads:   true,
		Summary: "Tells how far a search of old blocks is.",
		Params:  []param{jobParam()},
		Result:  "the job",
		Returns: []any{api.Job{}},
		Example: `[1]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			return c.job(c.int("id"))
		},
	}
}

func jobParam() param {
	return param{name: "id", kind: kindInt, text: "The number of the job in the wallet; see listjobs."}
}

func cancelJob() Method {
	return Method{
		Name:    "canceljob",
		Summary: "Gives up a rescan, or the verification of votes.",
		Help: "The wallet goes on from where it would be without the rescan. Birthdays that the rescan has lowered are restored, and payments " +
			"found below them no longer count, because the transactions that spend them may not have been found yet; everything else " +
			"that was found is kept. So are verified votes. Subscriptions tell with gap set that payments are forgotten; " +
			"listsinceblock does not name them, so a client that polls lists all again. A search that was begun by an import " +
			"or a grown window cannot be canceled: balances would be wrong.",
		Params:  []param{jobParam()},
		Result:  "null",
		Returns: []any{nil},
		Example: `[2]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			id := c.int("id")
			if id >= votecheck.FirstJob && id <= math.MaxUint32 {
				return nil, c.Votes.Cancel(c.caller.Wallet, uint32(id))
			}
			if id < 0 || id > math.MaxUint32 {
				return nil, wallet.ErrNoJob
			}
			return nil, w.CancelJob(ctx, uint32(id))
		},
	}
}

// heightOf returns the height of the main chain block that a parameter names in
// hex, and of the genesis block if it is empty.
func (c *Call) heightOf(name string) (consensus.Height, error) {
	if c.str(name) == "" {
		return 0, nil
	}
	p := param{name: name}
	hash, err := p.parseHash(c.str(name))
	if err != nil {
		return 0, err
	}
	store, err := c.Syncer.Chain()
	if err != nil {
		return 0, err
	}
	h, err := store.HeightOf(hash)
	if errors.Is(err, chain.ErrNotFound) {
		return 0, c.notOnChain(hash)
	}
	return h, err
}
