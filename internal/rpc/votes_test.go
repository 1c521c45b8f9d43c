package rpc_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"
	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
)

// votingActor is an actor on a network whose votes are real.
type votingActor struct {
	*actor
	stakeholders *testnet.Stakeholders
	chain        *testnet.Chain
}

// startVotingActor runs a daemon that verifies the votes behind payments of five coins.
func startVotingActor(t *testing.T) *votingActor {
	t.Helper()
	a := &votingActor{actor: &actor{T: t, owner: rpctest.NewOwner(t, 1)}, stakeholders: testnet.NewStakeholders(consensus.SimNet(), 7)}
	var err error
	if a.chain, err = a.stakeholders.Trunk(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	a.Daemon = rpctest.NewDaemon(t, rpctest.DaemonConfig{Chain: a.chain, Xpub: a.owner.Xpub(), VerifyVotes: 5e8})
	a.address, _ = rpctest.Start(t, rpctest.Config(a.Registry))
	return a
}

// extend puts blocks on the chain.
func (a *votingActor) extend(b testnet.VotedBranch) {
	b.At, b.Seed = a.chain.Height(), 1
	a.chain = a.stakeholders.Grow(a.chain, b)
	a.Node.SetChain(a.chain)
}

// pay puts a block on the chain that pays the wallet some coins, and returns the hash.
func (a *votingActor) pay(coins int64) string {
	a.paid++
	plan := testnet.Plan{}
	op := plan.Pay(a.chain.Height()+1, a.owner.Script(0, uint32(a.paid%15)), coins*1e8)
	a.extend(testnet.VotedBranch{Blocks: 1, Plan: plan})
	return op.Hash.String()
}

// call returns the result of a method.
func call[T any](t *testing.T, address, method string, params string) (result T) {
	t.Helper()
	_, reply := post(t, address, fmt.Sprintf(`{"method":%q,"params":%s,"id":1}`, method, params))
	var r struct {
		Result T
		Error  *api.Error
	}
	if err := json.Unmarshal([]byte(reply), &r); err != nil || r.Error != nil {
		t.Fatalf("%s %s: %v, %v", method, params, err, r.Error)
	}
	return r.Result
}

// votesNeeded is how many verified votes the merchant waits for.
const votesNeeded = 3

// TestAMerchantWaitsForThreeVotes: a program that reads nothing but the notifications of its
// websocket delivers the goods once three verified votes stand behind the payment.
func TestAMerchantWaitsForThreeVotes(t *testing.T) {
	a := startVotingActor(t)
	shop := listen(t, a.address, api.TopicTransactions, "")
	tx := a.pay(9)
	var paid api.Transaction
	voted := func(n int64) func() bool {
		return func() bool {
			for _, ev := range shop.events {
				for _, t := range ev.Transactions {
					if t.TxID == tx {
						paid = t
					}
				}
			}
			return paid.VotesVerified != nil && *paid.VotesVerified >= n
		}
	}
	shop.until("the payment", voted(0))
	if *paid.VotesVerified != 0 || len(paid.VotesMissing) != 1 || paid.VotesMissing[0].Reason != "successor-not-mined" || paid.VotesMissing[0].Count != 5 {
		t.Fatalf("before the votes are mined: %+v", paid.Votes)
	}
	a.extend(testnet.VotedBranch{Blocks: 1})
	shop.until("three votes", voted(votesNeeded))

	got := call[api.Transaction](t, a.address, "gettransaction", `["`+tx+`"]`)
	if got.VotesVerified == nil || *got.VotesVerified != 5 || *got.VotesConfirmations != 1 || len(got.VotesMissing) != 0 {
		t.Errorf("gettransaction: %+v", got.Votes)
	}
	for _, line := range call[[]api.ListedTransaction](t, a.address, "listtransactions", `[]`) {
		if line.VotesVerified == nil || *line.VotesVerified != 5 {
			t.Errorf("listtransactions: %+v", line)
		}
	}
	small := a.pay(1)
	shop.until("the small payment", func() bool { _, ok := shop.copied[small]; return ok })
	if got := call[api.Transaction](t, a.address, "gettransaction", `["`+small+`"]`); got.VotesVerified != nil && got.VotesMissing == nil {
		t.Errorf("a small payment: %+v", got.Votes)
	}
}

// TestVerifyVotes holds the method, its job and the notifications of jobs.
func TestVerifyVotes(t *testing.T) {
	a := startVotingActor(t)
	tx := a.pay(1)
	a.extend(testnet.VotedBranch{Blocks: 3})
	a.Sync(t)
	news := make(notifier, 1000)
	c, err := wsrpc.Dial(t.Context(), "ws://"+a.address+"/ws", wsrpc.WithBasicAuth(rpctest.User, rpctest.Password), wsrpc.WithNotifier(news))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var sub api.Subscription
	if err := c.Call(t.Context(), "subscribe", &sub, api.TopicJobs); err != nil {
		t.Fatal(err)
	}
	got := call[api.VerifiedVotes](t, a.address, "verifyvotes", `["`+tx+`"]`)
	if *got.VotesVerified != 5 || *got.VotesConfirmations != 3 || len(got.Blocks) != 4 || got.Blocks[0].State != "voted" || got.Blocks[3].State != "successor-not-mined" {
		t.Fatalf("%+v", got)
	}
	job := call[api.Job](t, a.address, "verifyvotes", `["`+tx+`",true]`)
	if job.Kind != api.JobVotes || job.State != api.JobRunning || job.TxID != tx || job.At != job.From+2 || job.Target != job.From+5 || job.Waits == "" {
		t.Fatalf("%+v", job)
	}
	a.extend(testnet.VotedBranch{Blocks: 3})
	// Each state of the job is sent, and the last one is that it is done.
	var cursor string
	seen := make(map[int64]bool)
	for !seen[job.Target] || cursor == "" {
		select {
		case params := <-news:
			var evs []api.JobsEvent
			if err := json.Unmarshal(params, &evs); err != nil || len(evs) != 1 {
				t.Fatalf("notification %s: %v", params, err)
			}
			for _, j := range evs[0].Jobs {
				if j.ID == job.ID && j.State == api.JobDone {
					cursor = evs[0].Cursor
				}
				if j.ID == job.ID {
					seen[j.At] = true
				}
			}
		case <-time.After(patience):
			t.Fatalf("the job is not sent as done: %v", seen)
		}
	}
	if want := fmt.Sprintf("/%d", job.ID); !strings.HasSuffix(cursor, want) {
		t.Errorf("the cursor is %s, it should end with %s", cursor, want)
	}
	if err := c.Call(t.Context(), "subscribe", &sub, api.TopicJobs, cursor); err != nil || sub.Cursor != cursor {
		t.Errorf("subscribed after %s: %+v, %v", cursor, sub, err)
	}
	for _, wrong := range []string{"1/2", "1/x", "2000000000", "1/99999999999999999999"} {
		if err := c.Call(t.Context(), "subscribe", &sub, api.TopicJobs, wrong); err == nil {
			t.Errorf("cursor %s is accepted", wrong)
		}
	}
	_, reply := post(t, a.address, fmt.Sprintf(`{"method":"canceljob","params":[%d],"id":1}`, job.ID))
	if !strings.Contains(reply, "the job is over") {
		t.Errorf("a job that is over is canceled: %s", reply)
	}
}

// TestAForgedVoteIsShown: the reason of a vote that does not count reaches the client, and a
// block without stakeholders makes the daemon not synced.
func TestAForgedVoteIsShown(t *testing.T) {
	a := startVotingActor(t)
	tx := a.pay(9)
	forge := func(n int) func(*testnet.Chain, consensus.BlockID, []*wire.MsgTx) []*wire.MsgTx {
		return func(_ *testnet.Chain, _ consensus.BlockID, real []*wire.MsgTx) []*wire.MsgTx {
			for _, vote := range real[:n] {
				vote.TxIn[1].SignatureScript[9] ^= 1
			}
			return real
		}
	}
	a.extend(testnet.VotedBranch{Blocks: 1, Alter: forge(1)})
	a.extend(testnet.VotedBranch{Blocks: 1, Alter: forge(3)})
	doubted := func(st spv.Status) bool { return !st.Synced && strings.Contains(st.Reason, "not voted for") }
	if err := a.Core.Syncer.Wait(t.Context(), doubted); err != nil {
		t.Fatal(err)
	}
	got := call[api.VerifiedVotes](t, a.address, "verifyvotes", `["`+tx+`"]`)
	if *got.VotesVerified != 4 || *got.VotesConfirmations != 1 || len(got.VotesMissing) != 1 || got.VotesMissing[0].Reason != "bad-signature" || got.VotesMissing[0].TxID == "" {
		t.Errorf("%+v", got)
	}
	if got.Blocks[1].State != "not-voted" || got.Blocks[1].Failed != 3 {
		t.Errorf("the block after: %+v", got.Blocks[1])
	}
	st := call[api.SyncStatus](t, a.address, "syncstatus", `[]`)
	if st.Synced || len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0].Text, tx) || !strings.Contains(st.Reason, "not voted for") {
		t.Errorf("%+v", st)
	}
}
