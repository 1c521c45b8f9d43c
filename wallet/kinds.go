package wallet

import (
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Kind is what a transaction does on the chain.
type Kind = txn.Kind

// The kinds of transactions.
const (
	Regular       = txn.Regular
	Coinbase      = txn.Coinbase
	Ticket        = txn.Ticket
	Vote          = txn.Vote
	Revocation    = txn.Revocation
	TreasuryAdd   = txn.TreasuryAdd
	TreasurySpend = txn.TreasurySpend
	TreasuryBase  = txn.TreasuryBase
)

// Source is where an output comes from, which decides when it may be spent.
type Source = txn.Source

// The sources of outputs.
const (
	FromPayment    = txn.FromPayment    // a regular output
	FromCoinbase   = txn.FromCoinbase   // a block reward
	FromTicket     = txn.FromTicket     // a ticket: the right to vote
	FromChange     = txn.FromChange     // change of a ticket purchase or treasury add
	FromVote       = txn.FromVote       // the return of a ticket that voted
	FromRevocation = txn.FromRevocation // the return of a ticket that did not
	FromTreasury   = txn.FromTreasury   // a treasury spend
)

// Place is where a transaction was mined: places in the order of their stored
// form are transactions in the order the chain applies them.
type Place = txn.Place

// Origin is how an unmined transaction came to be known.
type Origin = ledger.Origin

// The origins of unmined transactions.
const (
	Relayed   = ledger.Relayed   // announced by a peer, which proves nothing
	Published = ledger.Published // given to us to publish
	Released  = ledger.Released  // mined once, in a block that the chain left or voided
)

// JobKind is what a search of old blocks was begun for.
type JobKind = state.JobKind

// The kinds of jobs.
const (
	RescanJob    = state.RescanJob    // the user asked for it
	ImportJob    = state.ImportJob    // something was imported
	DiscoveryJob = state.DiscoveryJob // a window has grown
)

// JobState is how far a job is.
type JobState = state.JobState

// The states of jobs. Queued jobs wait for the end of another one.
const (
	JobRunning  = state.JobRunning
	JobDone     = state.JobDone
	JobCanceled = state.JobCanceled
	JobQueued   = state.JobQueued
)
