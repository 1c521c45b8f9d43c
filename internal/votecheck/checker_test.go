package votecheck_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/internal/votes"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// TestPayments verifies the votes behind a large payment as its confirmations come, and
// not those behind a small one, unless that is asked for.
func TestPayments(t *testing.T) {
	plan := testnet.Plan{}
	large, small := pay(plan, start+2, 9), pay(plan, start+2, 1)
	far := pay(plan, start+9, 1)
	c := grow(trunk(), 2, plan)
	inWorld(t, c, func(w *world) {
		w.at(c)
		v, known := w.votes(large)
		if !known || v.Verified != 0 || len(v.Missing) != 1 || v.Missing[0].Code != "successor-not-mined" || v.Missing[0].Count != 5 {
			t.Fatalf("before the votes are mined: %v", describe(v))
		}
		for n := 1; n <= 7; n++ {
			c = grow(c, 1, plan)
			w.become(c)
			w.at(c)
			v, _ := w.votes(large)
			if v.Verified != 5 || len(v.Missing) != 0 || v.Confirmations != min(n, 6) {
				t.Fatalf("%d blocks above the payment: %v", n, describe(v))
			}
			w.mustSay(true)
		}
		jobs := w.checker.Jobs(wallet.DefaultName)
		if len(jobs) != 1 || jobs[0].State != votecheck.JobDone || !jobs[0].Automatic || jobs[0].Progress() != 1 || jobs[0].Tx != large {
			t.Fatalf("jobs are %+v", jobs)
		}
		if _, known := w.votes(far); known {
			t.Error("votes behind a small payment were verified")
		}
		if v, known := w.votes(small); !known || v.Verified != 5 {
			t.Errorf("a small payment in the block of a large one: %v", describe(v))
		}
		before := w.served()
		job, err := w.checker.Request(w.Context(), wallet.DefaultName, far)
		w.must(err)
		if job.Automatic || job.From != start+9 || job.ID <= jobs[0].ID {
			t.Errorf("the job is %+v", job)
		}
		w.pass(time.Second)
		if v, _ := w.votes(far); w.served() != before || v.Missing[0].Code != "successor-not-mined" {
			t.Errorf("%d blocks fetched for votes that are not mined: %v", w.served()-before, describe(v))
		}
	})
}

// TestResultsOutlastARestart holds that nothing is fetched twice, and that a job goes on
// where it was.
func TestResultsOutlastARestart(t *testing.T) {
	plan := testnet.Plan{}
	tx := pay(plan, start+2, 9)
	c := grow(trunk(), 5, plan)
	inWorld(t, c, func(w *world) {
		w.at(c)
		v, _ := w.votes(tx)
		before, jobs := w.served(), w.checker.Jobs(wallet.DefaultName)
		if v.Confirmations != 3 || len(jobs) != 1 || jobs[0].At != start+4 || jobs[0].Target != start+7 {
			t.Fatalf("%v: %+v", describe(v), jobs)
		}
		w.stop()
		w.start()
		w.at(c)
		again := w.checker.Jobs(wallet.DefaultName)
		if v, _ := w.votes(tx); v.Confirmations != 3 || w.served() != before || len(again) != 1 || again[0] != jobs[0] {
			t.Fatalf("after a restart %d blocks were fetched: %v: %+v", w.served()-before, describe(v), again)
		}
		c = grow(c, 4, plan)
		w.become(c)
		w.at(c)
		if v, _ := w.votes(tx); v.Confirmations != 6 || w.checker.Jobs(wallet.DefaultName)[0].State != votecheck.JobDone {
			t.Fatalf("later: %v", describe(v))
		}
	})
}

// forgery makes one vote of five wrong in a way that has a reason of its own.
type forgery struct {
	reason votes.Reason
	make   func(c *testnet.Chain, on consensus.BlockID, real []*wire.MsgTx) *wire.MsgTx
}

// forgeries returns one of each kind.
func forgeries() []forgery {
	spoilt := func(spoil func(*wire.MsgTx)) func(*testnet.Chain, consensus.BlockID, []*wire.MsgTx) *wire.MsgTx {
		return func(c *testnet.Chain, on consensus.BlockID, _ []*wire.MsgTx) *wire.MsgTx {
			return stakeholders.Vote(c, on, 0, spoil)
		}
	}
	thieves := testnet.NewStakeholders(consensus.SimNet(), 8)
	return []forgery{
		{votes.WrongParent, func(c *testnet.Chain, on consensus.BlockID, _ []*wire.MsgTx) *wire.MsgTx {
			return stakeholders.Vote(c, c.ID(on.Height-1), 0, nil) // a copy of the vote for the block before
		}},
		{votes.ImpossiblePlace, spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].BlockHeight = 1 << 30 })},
		{votes.Immature, spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].BlockHeight += uint32(stakeholders.Age()) - 3 })},
		{votes.NoSuchTicket, spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].BlockIndex++ })},
		{votes.NoSuchTicket, spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].BlockHeight -= 9 })},
		{votes.WrongValue, spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].ValueIn-- })},
		{votes.BadSignature, func(c *testnet.Chain, on consensus.BlockID, real []*wire.MsgTx) *wire.MsgTx {
			tx := real[0].Copy()
			tx.TxOut[1].PkScript[2] ^= 4 // other bits than were signed
			return tx
		}},
		{votes.NotATicket, func(c *testnet.Chain, on consensus.BlockID, real []*wire.MsgTx) *wire.MsgTx {
			bought := c.Block(on.Height + 1 - stakeholders.Age())
			index := slices.IndexFunc(bought.STransactions, stake.IsSSGen)
			return stakeholders.Vote(c, on, 0, func(tx *wire.MsgTx) {
				tx.TxIn[1].PreviousOutPoint.Hash, tx.TxIn[1].BlockIndex = bought.STransactions[index].TxHash(), uint32(index)
			})
		}},
		{votes.NoSuchTicket, func(c *testnet.Chain, on consensus.BlockID, real []*wire.MsgTx) *wire.MsgTx {
			return thieves.Forge(on, on.Height+1-stakeholders.Age(), 0) // a ticket that this branch does not have
		}},
	}
}

// TestForgeries has each kind of forged vote be caught by its reason, by the whole client.
func TestForgeries(t *testing.T) {
	base := grow(trunk(), 24, nil)
	for _, f := range forgeries() {
		t.Run(f.reason.Code(), func(t *testing.T) {
			at := base.Height() + 1
			plan := testnet.Plan{}
			tx := pay(plan, at, 9)
			c := grow(base, 1, plan)
			alter := func(c *testnet.Chain, on consensus.BlockID, real []*wire.MsgTx) []*wire.MsgTx {
				if on.Height != at {
					return real
				}
				return append(real[1:], f.make(c, on, real))
			}
			c = stakeholders.Grow(c, testnet.VotedBranch{At: at, Blocks: 2, Seed: 1, Alter: alter})
			inWorld(t, c, func(w *world) {
				w.at(c)
				v, _ := w.votes(tx)
				if got := w.missing(tx); v.Verified != 4 || len(got) != 1 || got[f.reason.Code()] != 1 {
					t.Fatalf("%v", describe(v))
				}
				w.mustSay(true) // four real votes are enough
				w.mustHaveBannedNone()
			})
		})
	}
}

// TestInvalidSuccessor: a block whose votes spend a ticket twice, or with a vote that is none by
// its form and so a regular transaction (dcrd: ErrRegTxInStakeTree), is invalid by itself. The
// syncer leaves it as soon as it was fetched for its votes, and bans its peers.
func TestInvalidSuccessor(t *testing.T) {
	for name, test := range map[string]struct {
		ticket int // 0 has no other vote in the block
		spoil  func(*wire.MsgTx)
	}{
		"a ticket votes twice": {1, func(tx *wire.MsgTx) { tx.TxOut[2].Value++ }},
		"a malformed vote": {0, func(tx *wire.MsgTx) {
			tx.TxOut = append(tx.TxOut, wire.NewTxOut(0, []byte{txscript.OP_RETURN, txscript.OP_DATA_3, 'T', 'V', 1}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			plan := testnet.Plan{}
			tx := pay(plan, start+2, 9)
			c := grow(trunk(), 2, plan)
			bad := stakeholders.Grow(c, testnet.VotedBranch{At: start + 2, Blocks: 1, Seed: 1,
				Alter: func(c *testnet.Chain, on consensus.BlockID, real []*wire.MsgTx) []*wire.MsgTx {
					return append(real[1:], stakeholders.Vote(c, on, test.ticket, test.spoil))
				}})
			inWorld(t, c, func(w *world) {
				w.at(c)
				w.become(bad)
				w.pass(time.Minute)
				if st := w.syncer.Status(); st.Tip != c.Tip() || st.Synced {
					t.Errorf("the tip is block %d, synced %v", st.Tip.Height, st.Synced)
				}
				if got := w.missing(tx); got["successor-not-mined"] != 5 {
					t.Errorf("missing %v", got)
				}
				if len(w.pool.Bans()) == 0 {
					t.Error("no peer is banned for a block that is proven invalid")
				}
			})
		})
	}
}

// TestFalseBranch shows a branch with more work that has no stakeholders behind it, with
// copied votes and with forged ones: it is unmasked by its first two blocks, and left
// for the real chain.
func TestFalseBranch(t *testing.T) {
	for name, alter := range map[string]func(*testnet.Chain, consensus.BlockID, []*wire.MsgTx) []*wire.MsgTx{
		"copied votes": func(c *testnet.Chain, on consensus.BlockID, _ []*wire.MsgTx) []*wire.MsgTx {
			return slices.DeleteFunc(c.Block(start+6).STransactions, func(tx *wire.MsgTx) bool { return !stake.IsSSGen(tx) })
		},
		"forged votes": func(c *testnet.Chain, on consensus.BlockID, real []*wire.MsgTx) []*wire.MsgTx {
			for i := range real {
				real[i].TxIn[1].SignatureScript[9] ^= 1
			}
			return real
		},
		"two of his own": func(c *testnet.Chain, on consensus.BlockID, real []*wire.MsgTx) []*wire.MsgTx {
			for i := range real[2:] {
				real[2+i].TxIn[1].SignatureScript[9] ^= 1
			}
			return real
		},
	} {
		t.Run(name, func(t *testing.T) {
			common := grow(trunk(), 6, nil)
			honest := grow(common, 1, nil)
			plan := testnet.Plan{}
			tx := pay(plan, common.Height()+1, 9)
			// The first false block still has the real votes for the common one.
			first := stakeholders.Grow(common, testnet.VotedBranch{At: common.Height(), Blocks: 1, Seed: 66, Plan: plan})
			second := stakeholders.Grow(first, testnet.VotedBranch{At: first.Height(), Blocks: 1, Seed: 66, Alter: alter})
			inWorld(t, honest, func(w *world) {
				w.at(honest)
				w.mustSay(true)
				w.become(second)
				w.at(second)
				v, _ := w.votes(tx)
				if v.Verified >= 3 || v.Confirmations != 0 || v.Blocks[0].Verdict != votes.NotVoted {
					t.Fatalf("the false branch: %v", describe(v))
				}
				w.mustSay(false, "payment-not-voted")
				if text := w.warning("payment-not-voted"); !strings.Contains(text, tx.String()) {
					t.Errorf("the warning does not name the payment: %s", text)
				}
				if reason := w.syncer.Status().Reason; !strings.Contains(reason, "is not voted for") {
					t.Errorf("the reason is %q", reason)
				}
				w.stop() // what was found out is known to the next process at once
				w.start()
				w.at(second)
				w.mustSay(false, "payment-not-voted")
				honest = grow(honest, 3, nil)
				w.become(honest)
				w.at(honest)
				w.mustSay(true)
				w.mustHaveBannedNone()
			})
		})
	}
}

// TestWithheldSuccessor: the votes are in a block that no peer sends. Nothing is known
// yet, which is no failure; other payments are verified meanwhile.
func TestWithheldSuccessor(t *testing.T) {
	plan := testnet.Plan{}
	tx, other := pay(plan, start+2, 9), pay(plan, start+4, 9)
	c := grow(trunk(), 5, plan)
	hash := c.ID(start + 3).Hash
	inWorld(t, trunk(), func(w *world) {
		w.holder.hold(hash, true)
		w.become(c)
		w.at(c)
		w.pass(3 * time.Minute)
		if got := w.missing(tx); got["successor-withheld"] != 5 {
			t.Fatalf("missing %v", got)
		}
		if v, _ := w.votes(other); v.Verified != 5 || v.Confirmations != 1 {
			t.Errorf("the other payment: %v", describe(v))
		}
		w.mustSay(true, "payment-votes-held")
		jobs := w.checker.Jobs(wallet.DefaultName)
		if text := "not yet known"; len(jobs) != 2 || !strings.Contains(jobs[0].Waits, text) && !strings.Contains(jobs[1].Waits, text) {
			t.Errorf("jobs are %+v", jobs)
		}
		w.holder.hold(hash, false)
		w.pass(2 * time.Hour)
		if v, _ := w.votes(tx); v.Verified != 5 || v.Confirmations != 3 {
			t.Errorf("once it is sent: %v", describe(v))
		}
		w.mustSay(true)
		w.mustHaveBannedNone()
	})
}

// TestWithheldTickets: no peer sends the block that the tickets were bought in.
func TestWithheldTickets(t *testing.T) {
	plan := testnet.Plan{}
	tx := pay(plan, start+2, 9)
	c := grow(trunk(), 4, plan)
	hash := c.ID(start + 3 - stakeholders.Age()).Hash
	inWorld(t, trunk(), func(w *world) {
		w.holder.hold(hash, true)
		w.become(c)
		w.at(c)
		w.pass(5 * time.Minute)
		if got := w.missing(tx); got["ticket-withheld"] != 5 {
			t.Fatalf("missing %v", got)
		}
		v, _ := w.votes(tx)
		if v.Blocks[0].State != votecheck.TicketsWithheld || v.Blocks[1].State != votecheck.Judged {
			t.Errorf("got %v", describe(v))
		}
		w.mustSay(true, "payment-votes-held")
		w.holder.hold(hash, false)
		w.pass(2 * time.Hour)
		if v, _ := w.votes(tx); v.Verified != 5 || v.Confirmations != 2 {
			t.Errorf("once it is sent: %v", describe(v))
		}
		w.mustSay(true)
		w.mustHaveBannedNone()
	})
}

// TestReorganisation holds that results of blocks that left the chain are void, that the
// votes of those in their place are verified, and that what comes back is not fetched again.
func TestReorganisation(t *testing.T) {
	plan := testnet.Plan{}
	tx := pay(plan, start+2, 9)
	first := grow(trunk(), 5, plan)
	branch := stakeholders.Grow(trunk(), testnet.VotedBranch{At: start, Blocks: 6, Seed: 2, Plan: plan})
	inWorld(t, first, func(w *world) {
		w.at(first)
		if v, _ := w.votes(tx); v.Confirmations != 3 {
			t.Fatalf("first: %v", describe(v))
		}
		w.become(branch)
		w.at(branch)
		v, _ := w.votes(tx)
		if v.Confirmations != 4 || v.Blocks[0].Block != branch.ID(start+2) {
			t.Fatalf("in the other block: %v", describe(v))
		}
		before := w.served()
		first = grow(first, 2, plan)
		w.become(first)
		w.at(first)
		v, _ = w.votes(tx)
		if v.Confirmations != 5 || v.Blocks[0].Block != first.ID(start+2) {
			t.Fatalf("back again: %v", describe(v))
		}
		// Two new successors with a block of tickets each, and what the wallet needs.
		if n := w.served() - before; n > 6 {
			t.Errorf("%d blocks were fetched for two new ones", n)
		}
		w.mustSay(true, "deep-reorg")
	})
}

// TestTroubleWithTheFile: the sync goes on, a warning says so, and verification goes on
// once the trouble is over.
func TestTroubleWithTheFile(t *testing.T) {
	plan := testnet.Plan{}
	tx := pay(plan, start+2, 9)
	c := grow(trunk(), 4, plan)
	var file string
	tune := func(cfg *votecheck.Config) {
		file = filepath.Join(filepath.Dir(cfg.File), "missing", "votes.dat")
		cfg.File = file
	}
	inWorld(t, c, func(w *world) {
		w.at(c)
		w.mustSay(true, "votes-not-verified")
		if _, err := w.checker.Request(w.Context(), wallet.DefaultName, tx); !errors.Is(err, votecheck.ErrStopped) {
			t.Errorf("a request: %v", err)
		}
		if _, known := w.votes(tx); known {
			t.Error("something is known")
		}
		w.must(os.Mkdir(filepath.Dir(file), 0o700))
		w.pass(time.Minute)
		if v, _ := w.votes(tx); v.Confirmations != 2 {
			t.Errorf("after the trouble: %v", describe(v))
		}
		w.mustSay(true)
	}, tune)
}

// TestRequests holds what may be asked for, and that it can be given up.
func TestRequests(t *testing.T) {
	plan := testnet.Plan{}
	var txs []chainhash.Hash
	for i := range int64(66) {
		txs = append(txs, pay(plan, start+2, 10+i))
	}
	c := grow(trunk(), 3, plan)
	inWorld(t, c, func(w *world) {
		w.at(c)
		if _, err := w.checker.Request(w.Context(), wallet.DefaultName, chainhash.Hash{1}); !errors.Is(err, votecheck.ErrUnknown) {
			t.Errorf("an unknown transaction: %v", err)
		}
		if _, err := w.checker.Request(w.Context(), "nobody", txs[0]); !errors.Is(err, wallet.ErrNoWallet) {
			t.Errorf("an unknown wallet: %v", err)
		}
		for _, tx := range txs[:64] {
			_, err := w.checker.Request(w.Context(), wallet.DefaultName, tx)
			w.must(err)
		}
		if _, err := w.checker.Request(w.Context(), wallet.DefaultName, txs[64]); !errors.Is(err, votecheck.ErrTooMany) {
			t.Errorf("one too many: %v", err)
		}
		again, err := w.checker.Request(w.Context(), wallet.DefaultName, txs[0])
		if jobs := w.checker.Jobs(wallet.DefaultName); err != nil || len(jobs) != 64 || again.ID != jobs[0].ID {
			t.Errorf("asked again: %+v, %v, %d jobs", again, err, len(jobs))
		}
		w.must(w.checker.Wait(w.Context(), again.ID))
		if v, _ := w.votes(txs[0]); v.Confirmations != 1 {
			t.Errorf("got %v", describe(v))
		}
		w.must(w.checker.Cancel(wallet.DefaultName, again.ID))
		if err := w.checker.Cancel(wallet.DefaultName, again.ID); !errors.Is(err, votecheck.ErrJobOver) {
			t.Errorf("canceled twice: %v", err)
		}
		if err := w.checker.Cancel(wallet.DefaultName, 1); !errors.Is(err, votecheck.ErrNoJob) {
			t.Errorf("no job: %v", err)
		}
		if _, err := w.checker.Request(w.Context(), wallet.DefaultName, txs[64]); err != nil {
			t.Errorf("there is room again: %v", err)
		}
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		if err := w.checker.Wait(ctx, again.ID); err != nil {
			t.Errorf("nothing to wait for: %v", err)
		}
		if err := w.checker.Wait(w.Context(), 1); !errors.Is(err, votecheck.ErrNoJob) {
			t.Errorf("no job to wait for: %v", err)
		}
	}, func(cfg *votecheck.Config) { cfg.Least = 0 })
}

// TestConfig holds what a Checker needs.
func TestConfig(t *testing.T) {
	for _, c := range []votecheck.Config{{}, {Params: consensus.SimNet()}} {
		if _, err := votecheck.New(c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

// TestTicketThatVotesInTwoBlocks: the vote of one of the blocks does not count, whichever is
// verified first.
func TestTicketThatVotesInTwoBlocks(t *testing.T) {
	plan := testnet.Plan{}
	tx := pay(plan, start+2, 9)
	c := grow(trunk(), 3, plan)
	c = stakeholders.Grow(c, testnet.VotedBranch{At: start + 3, Blocks: 1, Seed: 1,
		Alter: func(c *testnet.Chain, on consensus.BlockID, real []*wire.MsgTx) []*wire.MsgTx {
			before := stakeholders.Vote(c, c.ID(on.Height-1), 0, nil).TxIn[1]
			return append(real[1:], stakeholders.Vote(c, on, 0, func(tx *wire.MsgTx) {
				tx.TxIn[1].PreviousOutPoint = before.PreviousOutPoint
				tx.TxIn[1].BlockHeight, tx.TxIn[1].BlockIndex = before.BlockHeight, before.BlockIndex
			}))
		}})
	inWorld(t, c, func(w *world) {
		w.at(c)
		v, _ := w.votes(tx)
		failed := append(v.Blocks[0].Result.Failed(), v.Blocks[1].Result.Failed()...)
		if len(failed) != 1 || failed[0].Reason != votes.AlreadyVoted || v.Confirmations != 2 {
			t.Errorf("%v: %+v", describe(v), failed)
		}
		w.mustSay(true)
	})
}
