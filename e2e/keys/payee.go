package keys

import "github.com/decred/dcrd/txscript/v4/stdaddr"

// Payee is an address, and the scripts that pay to it in all the ways there are.
type Payee struct {
	addr stdaddr.StakeAddress
}

// Address returns the address.
func (p Payee) Address() string { return p.addr.String() }

// Script returns the script of a payment to the address.
func (p Payee) Script() []byte { return second(p.addr.PaymentScript()) }

// VotingScript returns the script of a ticket that the address may vote with.
func (p Payee) VotingScript() []byte { return second(p.addr.VotingRightsScript()) }

// StakeChangeScript returns the script of change in the stake tree.
func (p Payee) StakeChangeScript() []byte { return second(p.addr.StakeChangeScript()) }

// TreasuryScript returns the script of a payment by the treasury.
func (p Payee) TreasuryScript() []byte { return second(p.addr.PayFromTreasuryScript()) }

// CommitmentScript returns the script by which a ticket promises to return an
// amount in atoms to the address. Votes pay no fee of it, revocations may.
func (p Payee) CommitmentScript(amount int64) []byte {
	const voteFee, revocationFee = 0, 1 << 24
	return second(p.addr.RewardCommitmentScript(amount, voteFee, revocationFee))
}

// second returns a script without its version.
func second(_ uint16, script []byte) []byte { return script }
