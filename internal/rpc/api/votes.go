package api

// Votes holds the known votes behind a transaction. All fields are left out while its votes
// are not verified: see verifyvotes. They are no part of dcrwallet's result.
type Votes struct {
	// VotesVerified is the number of verified votes of real tickets that approve of the
	// block of the transaction.
	VotesVerified *int64 `json:"votesverified,omitempty"`

	// VotesMissing lists why the other votes for that block do not count, or not yet.
	VotesMissing []MissingVote `json:"votesmissing,omitempty"`

	// VotesConfirmations is the number of blocks, from that block on and without a gap,
	// that are each voted for by a majority of verified tickets.
	VotesConfirmations *int64 `json:"votesconfirmations,omitempty"`
}

// MissingVote is a vote, or several, that does not count.
type MissingVote struct {
	Count  int64  `json:"count"`
	Reason string `json:"reason"`         // lower case with dashes; see docs/security.md
	Text   string `json:"text"`           // the same in words
	TxID   string `json:"txid,omitempty"` // of the vote
}

// VerifiedVotes is the result of verifyvotes.
type VerifiedVotes struct {
	TxID        string `json:"txid"`
	BlockHash   string `json:"blockhash"`
	BlockHeight int64  `json:"blockheight"`
	Votes

	// Blocks are the block of the transaction and up to five after it.
	Blocks []VotedBlock `json:"blocks"`
}

// VotedBlock holds the known votes for one block, which are in the next one.
type VotedBlock struct {
	Height int64  `json:"height"`
	Hash   string `json:"hash"`

	// State is voted, disapproved, not-voted or not-required once the votes are judged;
	// and before queued, successor-not-mined, successor-withheld or tickets-withheld.
	State string `json:"state"`

	Approving    int64 `json:"approving"`    // verified votes for the block
	Disapproving int64 `json:"disapproving"` // verified votes against its regular transactions
	Failed       int64 `json:"failed"`       // votes that do not count
}
