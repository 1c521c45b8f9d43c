package dialing

import "time"

// Purpose is why an automatic connection is made.
type Purpose uint8

// The purposes. All but the first are made beyond the wanted number, and become one of
// the first, or end, soon after they are there.
const (
	None      Purpose = iota
	Fill              // to have as many as wanted
	Search            // to find out whether the peer knows more than the others
	Diversify         // to have a peer in a network group that no other one is in
	Rotate            // to have another peer now and then
)

// String returns the purpose in lower case.
func (p Purpose) String() string {
	switch p {
	case Fill:
		return "fill"
	case Search:
		return "search"
	case Diversify:
		return "diversify"
	case Rotate:
		return "rotate"
	}
	return "none"
}

// Slot is one automatic connection, or one that is being made.
type Slot struct {
	ID        int // chosen by the caller
	Group     string
	Purpose   Purpose
	Connected bool
	Since     time.Time // of the connection
	Best      uint32    // the height of the newest block of the best chain that it has sent; zero if none
	Base      uint32    // the greatest such height of all peers when it connected
	News      time.Time // when it sent the block, at first when it connected
}

// State is what decisions are about.
type State struct {
	Now       time.Time
	Wanted    int // automatic connections
	Slots     []Slot
	Searching bool      // peers other than the connected ones are looked for
	Since     time.Time // when that began
	Unused    bool      // an address in a group without a connection can be dialled
	RotateAt  time.Time // when the next peer is replaced for variety

	// LastNews is when any peer, also one that the user named, last sent a new block of
	// the best chain. A peer that has sent none for StaleAfter before that is replaced;
	// zero means never. ReplaceAt is when the next one may be.
	LastNews   time.Time
	StaleAfter time.Duration
	ReplaceAt  time.Time
}
