package consensus

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// Rule names what a header, a filter or a block was refused for. The set is
// closed.
type Rule uint8

// The rules, in the order in which they are checked.
const (
	// RuleEncoding: a message payload is what the wire protocol says it is.
	RuleEncoding Rule = iota + 1

	// RuleHeight: a height is that of the parent plus one.
	RuleHeight

	// RuleVotes: the number of votes lies between the majority and all of the
	// tickets drawn per block from the stake validation height on, and is zero
	// before.
	RuleVotes

	// RuleEarlyStake: before the stake validation height there are no
	// revocations, the vote bits are one and the final state is zero.
	RuleEarlyStake

	// RuleRevocations: every ticket that was drawn and did not vote is revoked
	// (DCP0009).
	RuleRevocations

	// RuleFreshStake: no more tickets are bought than a block may hold.
	RuleFreshStake

	// RuleTarget: the proof-of-work target is positive and not above the limit
	// of the network.
	RuleTarget

	// RuleLink: a header names the hash of the header before it.
	RuleLink

	// RuleProofOfWork: the proof-of-work hash is not above the target.
	RuleProofOfWork

	// RuleFutureTime: a block is at most two hours ahead of the local clock.
	RuleFutureTime

	// RuleMedianTime: a block is later than the median of the eleven before.
	RuleMedianTime

	// RuleSpacing: at the greatest difficulty of the test network a block is at
	// least a minute later than its parent.
	RuleSpacing

	// RuleBits: the target is the one that the difficulty algorithm gives.
	RuleBits

	// RuleSBits: the ticket price is the one that its algorithm gives.
	RuleSBits

	// RulePoolSize: the number of live tickets follows from the parent's.
	RulePoolSize

	// RuleVersion: the block version is not older than the one that nearly all
	// of the newest blocks have.
	RuleVersion

	// RuleStakeVersion: the stake version is constant within its interval.
	RuleStakeVersion

	// RuleWaypoint: a known height has the known hash.
	RuleWaypoint

	// RuleFilterSet: filters are those of the blocks that were asked for.
	RuleFilterSet

	// RuleFilterProof: a filter is the one its header commits to (DCP0005).
	RuleFilterProof

	// RuleFilterSize: a filter below DCP0005 is no larger than its block can justify.
	RuleFilterSize

	// RuleEarlyFilters: the filters below DCP0005 hash to the known value.
	RuleEarlyFilters

	// RuleBlockHeader: a block has the header that was asked for.
	RuleBlockHeader

	// RuleMerkleRoot: a block holds the transactions its header commits to.
	RuleMerkleRoot

	// RuleInvalid: a block was not found to be invalid, see chain.Chain.Invalidate.
	RuleInvalid
)

// String returns the name of the rule as logs and evidence show it.
func (r Rule) String() string {
	switch r {
	case RuleEncoding:
		return "encoding"
	case RuleHeight:
		return "height"
	case RuleVotes:
		return "votes"
	case RuleEarlyStake:
		return "early stake"
	case RuleRevocations:
		return "revocations"
	case RuleFreshStake:
		return "fresh stake"
	case RuleTarget:
		return "target"
	case RuleLink:
		return "link"
	case RuleProofOfWork:
		return "proof of work"
	case RuleFutureTime:
		return "future time"
	case RuleMedianTime:
		return "median time"
	case RuleSpacing:
		return "spacing"
	case RuleBits:
		return "bits"
	case RuleSBits:
		return "stake bits"
	case RulePoolSize:
		return "pool size"
	case RuleVersion:
		return "version"
	case RuleStakeVersion:
		return "stake version"
	case RuleWaypoint:
		return "waypoint"
	case RuleFilterSet:
		return "filter set"
	case RuleFilterProof:
		return "filter proof"
	case RuleFilterSize:
		return "filter size"
	case RuleEarlyFilters:
		return "early filters"
	case RuleBlockHeader:
		return "block header"
	case RuleMerkleRoot:
		return "merkle root"
	case RuleInvalid:
		return "invalid block"
	}
	return "unknown"
}

// Proven reports whether the sender of the data is at fault beyond doubt. The
// exceptions are the future limit, which the local clock may be wrong about,
// the waypoints, which are published facts and no consensus rule, and the set
// hash of early filters, which does not say which of them is wrong.
func (r Rule) Proven() bool {
	switch r {
	case RuleFutureTime, RuleWaypoint, RuleEarlyFilters:
		return false
	}
	return true
}

// RuleError says that something received breaks a rule.
type RuleError struct {
	Rule Rule

	// Block is the offending block. It is zero for a message that is not well
	// formed.
	Block BlockID

	// Detail says in words what was expected and what came.
	Detail string

	// Parent is the block before the offending one; zero unless a header broke the
	// rule.
	Parent chainhash.Hash
}

// Error names the rule, the block, and what was expected and got.
func (e *RuleError) Error() string {
	if e.Block == (BlockID{}) {
		return fmt.Sprintf("%v: %s", e.Rule, e.Detail)
	}
	return fmt.Sprintf("block %d (%v): %v: %s", e.Block.Height, e.Block.Hash, e.Rule, e.Detail)
}

// NewRuleError returns the error for a header that breaks a rule; the format and its
// arguments become the Detail. It hashes the header and allocates, so it is only for a
// rule that is broken.
func NewRuleError(r Rule, h *Header, format string, args ...any) *RuleError {
	return &RuleError{
		Rule:   r,
		Block:  BlockID{Height: h.Height(), Hash: h.Hash()},
		Detail: fmt.Sprintf(format, args...),
		Parent: h.PrevBlock(),
	}
}
