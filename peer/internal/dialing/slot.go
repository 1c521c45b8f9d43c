package dialing

import "time"

// Purpose is why an outbound connection is made.
type Purpose uint8

// The purposes. All but Fill are for connections beyond the wanted number, which soon either
// count among that number or end.
const (
	None      Purpose = iota
	Fill              // to have the wanted number
	Search            // to find out whether the peer has newer blocks than the others
	Diversify         // to have a peer in a network group without a connection
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

// Slot is one outbound connection, or one that is being made.
type Slot struct {
	ID        int // chosen by the caller
	Group     string
	Purpose   Purpose
	Connected bool
	Since     time.Time // when the connection was made
	Best      uint32    // the height of the newest block of the best chain that it has sent; zero if none
	Base      uint32    // the greatest such height of all peers when it connected
	News      time.Time // when it sent the block; until then, when it connected
}

// State is the input of a decision.
type State struct {
	Now       time.Time
	Wanted    int // outbound connections
	Slots     []Slot
	Searching bool      // a search for other peers is running
	Since     time.Time // when the search began
	Unused    bool      // an address in a group without a connection can be dialled
	RotateAt  time.Time // when the next peer is replaced for variety

	// LastNews is when any peer, a manual one included, last sent a new block of the best
	// chain. A peer that has sent none for StaleAfter before LastNews is replaced; zero means
	// never. ReplaceAt is when the next replacement may be.
	LastNews   time.Time
	StaleAfter time.Duration
	ReplaceAt  time.Time
}
