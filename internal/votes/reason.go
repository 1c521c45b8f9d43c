package votes

import "fmt"

// Reason is why a vote does not count. Zero means that it is verified.
type Reason int

// The reasons, but for the last one in the order in which they are looked for.
const (
	Verified        Reason = iota
	Malformed              // the transaction is no vote by the rules of package stake
	WrongParent            // it names another block than the parent
	TwiceInBlock           // an earlier vote of the block spends the same ticket
	AlreadyVoted           // a block verified before has a vote of the ticket
	ImpossiblePlace        // its ticket stands at or above the vote's own height, or below zero
	Immature               // the ticket was not live yet
	Expired                // the ticket was not live any longer
	TicketWithheld         // the block with the ticket could not be fetched
	NoSuchTicket           // that block has another transaction at the stated position, or none
	NotATicket             // the transaction there is no ticket purchase
	WrongValue             // the vote states another value for the ticket than it has
	ScriptVersion          // the voting script is of a version without consensus rules
	BadSignature           // the signature does not satisfy the voting script
	TooMany                // the block has more votes than consensus draws tickets
)

// Known reports whether the reason is one of those above: a stored one may be damaged.
func (r Reason) Known() bool { return r >= Verified && r <= TooMany }

// Code returns the reason as programs read it: lower case with dashes, stable.
func (r Reason) Code() string {
	switch r {
	case Verified:
		return "verified"
	case Malformed:
		return "malformed"
	case WrongParent:
		return "wrong-parent"
	case TwiceInBlock:
		return "twice-in-block"
	case AlreadyVoted:
		return "already-voted"
	case ImpossiblePlace:
		return "impossible-place"
	case Immature:
		return "immature"
	case Expired:
		return "expired"
	case TicketWithheld:
		return "ticket-withheld"
	case NoSuchTicket:
		return "no-such-ticket"
	case NotATicket:
		return "not-a-ticket"
	case WrongValue:
		return "wrong-value"
	case ScriptVersion:
		return "script-version"
	case BadSignature:
		return "bad-signature"
	case TooMany:
		return "too-many"
	}
	return fmt.Sprintf("reason-%d", int(r))
}

// String returns the reason in words.
func (r Reason) String() string {
	switch r {
	case Verified:
		return "verified"
	case Malformed:
		return "not a vote by the rules of consensus"
	case WrongParent:
		return "votes on another block"
	case TwiceInBlock:
		return "ticket has a vote in this block already"
	case AlreadyVoted:
		return "ticket has voted in an earlier block"
	case ImpossiblePlace:
		return "states a place for its ticket that cannot be"
	case Immature:
		return "ticket was not mature"
	case Expired:
		return "ticket had expired"
	case TicketWithheld:
		return "block of the ticket could not be fetched"
	case NoSuchTicket:
		return "ticket is not at the stated place of the main chain"
	case NotATicket:
		return "spends something else than a ticket"
	case WrongValue:
		return "states another value than the ticket has"
	case ScriptVersion:
		return "voting script has a version without rules"
	case BadSignature:
		return "signature does not satisfy the voting script"
	case TooMany:
		return "block has more votes than tickets are drawn"
	}
	return fmt.Sprintf("reason %d", int(r))
}
