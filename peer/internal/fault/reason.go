package fault

// Reason is why a connection ended or a request failed. The list is closed: scores, bans,
// retries and logs all switch on it. A Reason is an error, so that errors.Is(err,
// peer.NotFound) works on every error of this package.
type Reason uint8

// The reasons.
const (
	Unknown Reason = iota

	// Reasons of connections that were not made.

	DialFailed       // the address could not be reached
	HandshakeTimeout // connected, but no handshake within its deadline
	BadHandshake     // the messages of the handshake came in a wrong order
	WrongNetwork     // the peer is a node of another Decred network
	Garbage          // the bytes are no Decred message
	SelfConnection   // the peer is this very process
	OldVersion       // the peer speaks no protocol with batched filters
	NotFullNode      // the peer does not offer the block chain

	// Reasons of connections that ended.

	ClosedByPeer // the peer closed it
	ConnLost     // the network broke it
	ClosedByUs   // the pool is stopping, or wants another peer
	Unwanted     // the user has banned it
	Idle         // the peer did not answer a ping
	WriteStall   // the peer does not read the bytes sent to it
	Flood        // the peer asks for more answers than it reads
	Straggler    // the peer left too many requests unanswered in a row
	Defect       // this program failed over data of the peer

	// The data of a peer was wrong.

	Malformed   // a message does not have the form of its type
	Oversized   // a message claims to be larger than its type allows
	BadChecksum // a payload does not have the checksum of its header
	Unsolicited // a reply that answers no request
	Useless     // the peer repeatedly sends data that brings nothing new
	Invalid     // the data is proven wrong by the rules of the chain

	// Reasons of requests that failed without ending the connection.

	Timeout   // no answer within the deadline of the request
	NotFound  // the peer says that it does not have the requested data
	Cancelled // the caller gave up
	Gone      // the peer to be asked is not connected

	NumReasons // the number of reasons, for tables and tests
)

// fact holds the properties of a reason.
type fact struct {
	text      string
	transient bool
	score     int
}

// MaxScore is the score at which a peer is disconnected.
const MaxScore = 100

var facts = [NumReasons]fact{
	Unknown:          {text: "unknown reason"},
	DialFailed:       {text: "cannot connect", transient: true},
	HandshakeTimeout: {text: "handshake timed out", transient: true},
	BadHandshake:     {text: "handshake out of order"},
	WrongNetwork:     {text: "peer of another network"},
	Garbage:          {text: "not a Decred node"},
	SelfConnection:   {text: "connected to self"},
	OldVersion:       {text: "protocol version too old"},
	NotFullNode:      {text: "not a full node"},
	ClosedByPeer:     {text: "closed by peer", transient: true},
	ConnLost:         {text: "connection lost", transient: true},
	ClosedByUs:       {text: "closed by us", transient: true},
	Unwanted:         {text: "banned by the user"},
	Idle:             {text: "ping not answered", transient: true},
	WriteStall:       {text: "peer does not read", transient: true},
	Flood:            {text: "peer floods or asks faster than it reads", score: 50},
	Straggler:        {text: "too many requests unanswered", transient: true},
	Defect:           {text: "defect of this program", transient: true, score: 50},
	Malformed:        {text: "malformed message", score: MaxScore},
	Oversized:        {text: "oversized message", score: MaxScore},
	BadChecksum:      {text: "wrong checksum", transient: true, score: 50},
	Unsolicited:      {text: "unsolicited reply", transient: true, score: 25},
	Useless:          {text: "useless data", transient: true, score: 25},
	Invalid:          {text: "invalid data", score: MaxScore},
	Timeout:          {text: "request timed out", transient: true, score: 10},
	NotFound:         {text: "not found", transient: true},
	Cancelled:        {text: "cancelled", transient: true},
	Gone:             {text: "peer not connected", transient: true},
}

// fact returns the properties of r, also when r is not in the list.
func (r Reason) fact() fact {
	if r >= NumReasons {
		r = Unknown
	}
	return facts[r]
}

// String returns the reason in a few lower case words.
func (r Reason) String() string { return r.fact().text }

// Error makes a Reason an error.
func (r Reason) Error() string { return r.String() }

// Transient reports whether the same peer is worth another dial soon.
func (r Reason) Transient() bool { return r.fact().transient }

// Proven reports whether the reason is a fault that the peer cannot have
// committed in good faith. Only such faults ban.
func (r Reason) Proven() bool { return r.Score() >= MaxScore }

// Score returns how far, of 100, one occurrence raises the ban score of a peer.
func (r Reason) Score() int { return r.fact().score }

// Named returns the reason with a text, and Invalid for a text of another version.
func Named(text string) Reason {
	for r := range NumReasons {
		if r.String() == text {
			return r
		}
	}
	return Invalid
}
